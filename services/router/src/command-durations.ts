import { Durations } from '@iec104mm2ss/iec104';
import { COMMAND_BOUNDS_MS } from '@iec104mm2ss/observability';

/** What became of a command, in a word. */
const OUTCOMES = ['done', 'refused', 'unknown', 'master_gone'] as const;
export type CommandEnd = (typeof OUTCOMES)[number];

/** @param outcome as in its audit record */
export function commandEnd(outcome: string): CommandEnd {
  if (outcome.includes('refused')) return 'refused';
  if (outcome.startsWith('unknown')) return 'unknown';
  return outcome === 'master gone' ? 'master_gone' : 'done';
}

/** How long commands took, by what became of them. */
export class CommandDurations {
  private readonly durations = new Map<CommandEnd, Durations>(
    OUTCOMES.map((outcome) => [outcome, new Durations(COMMAND_BOUNDS_MS)]),
  );

  add(outcome: string, ms: number): void {
    this.durations.get(commandEnd(outcome))?.add(ms);
  }

  all(): [CommandEnd, Durations][] {
    return [...this.durations];
  }
}
