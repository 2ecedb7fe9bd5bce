import { type Bus, controlSubject } from '@iec104mm2ss/bus';
import type { LogLine } from '@iec104mm2ss/console-api';
import type { LogRing, RingLine } from '@iec104mm2ss/observability';
import { type Clock, Timers } from '@iec104mm2ss/runtime';
import { decodeLinesAnswer, encodeLinesRequest, WireError } from '@iec104mm2ss/wire';

/** How long the lines of other processes are waited for, and the pause until they are asked again. */
const ANSWER_MS = 600;
const PAUSE_MS = 400;
/** In one process nobody is asked. */
const OWN_PAUSE_MS = 250;

export interface LineSources {
  readonly bus: Pick<Bus, 'kind' | 'connected' | 'askAll' | 'drops'>;
  readonly ring: LogRing;
  readonly clock: Clock;
  readonly instance: string;
}

/**
 * The log lines of a group, of all processes: what they keep, then what comes, as long as somebody looks.
 *
 * @param onLines by time within one call; `begin` with the first, which may be empty
 * @returns ends it
 */
export function watchLines(
  sources: LineSources,
  group: string,
  onLines: (lines: readonly LogLine[], begin: boolean) => void,
): () => void {
  const timers = new Timers(sources.clock);
  let isOver = false;
  const run = async (): Promise<void> => {
    const had = new Map<string, number>();
    for (let begin = true; !isOver; begin = false) {
      const lines = await newLines(sources, group, had, timers);
      // It may be over by now: timers that have ended resolve.
      if (isOver) return;
      if (begin || lines.length > 0) onLines(lines, begin);
      await timers.pause(asksOthers(sources) ? PAUSE_MS : OWN_PAUSE_MS);
    }
  };
  void run();
  return () => {
    isOver = true;
    timers.stop();
  };
}

/** What all processes keep of a group now, by time. */
export function keptLines(sources: LineSources, group: string): Promise<LogLine[]> {
  return newLines(sources, group, new Map(), new Timers(sources.clock));
}

const asksOthers = ({ bus }: LineSources): boolean => bus.kind === 'nats' && bus.connected;

/** @param had by instance the last line that was had; brought up to date */
async function newLines(
  sources: LineSources,
  group: string,
  had: Map<string, number>,
  timers: Timers,
): Promise<LogLine[]> {
  const { bus, ring, instance } = sources;
  const found: LogLine[] = [];
  const take = (from: string, lines: readonly RingLine[]): void => {
    for (const { seq, line } of lines) {
      if (seq <= (had.get(from) ?? 0)) continue;
      had.set(from, seq);
      found.push(parsedLine(from, seq, line));
    }
  };
  take(instance, ring.after(group, had.get(instance) ?? 0));
  if (asksOthers(sources)) {
    const subject = controlSubject('lines');
    const request = encodeLinesRequest(instance, group, Object.fromEntries(had));
    const asking = bus.askAll(subject, request, (data) => {
      const answer = decodeLinesAnswer(data);
      if (answer instanceof WireError) bus.drops.add(subject, answer.code, answer.message);
      else if (answer.group === group) take(answer.instance, answer.lines);
    });
    await timers.pause(ANSWER_MS);
    asking.unsubscribe();
  }
  return found.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.seq - b.seq));
}

/** A line of pino as the page has it. */
export function parsedLine(instance: string, seq: number, line: string): LogLine {
  // Security events name their process, too.
  const { level, time, msg, group, instance: _, ...fields } = asObject(line);
  return {
    seq,
    instance,
    at: typeof time === 'string' ? time : '',
    level: (typeof level === 'string' ? level : 'info') as LogLine['level'],
    message: typeof msg === 'string' ? msg : '',
    group: typeof group === 'string' ? group : null,
    fields,
  };
}

function asObject(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { msg: line };
  }
}
