import type { GroupContribution } from '@iec104mm2ss/observability';
import type { StatedProcess, StatusAnswer } from '@iec104mm2ss/wire';

/** The part that is no service: what the file says. */
export const CONFIGURED = 'configuration';

/** What one part of a process knows of groups. */
export interface KnownPart {
  readonly part: string;
  readonly groups: readonly GroupContribution[];
}

/** What one process knows. */
export interface Known {
  readonly process: Omit<StatedProcess, 'parts'> & { readonly parts: readonly string[] };
  readonly known: readonly KnownPart[];
}

/**
 * What a message holds at most, counted as below. NATS takes 1 MB, which leaves room for long names and error texts; and to
 * make or read one takes a millisecond or two, in which nothing else happens in a process.
 */
const MESSAGE_WEIGHT = 100_000;
const GROUP_WEIGHT = 1_500;
const MASTER_WEIGHT = 500;

/** Cuts what a process knows into messages that the bus takes; one at least. */
export function statusAnswers({ process, known }: Known): StatusAnswer[] {
  const messages: Map<string, GroupContribution[]>[] = [];
  let room = 0;
  for (const { part, groups } of known) {
    for (const group of groups) {
      const weight = GROUP_WEIGHT + MASTER_WEIGHT * (group.masters?.length ?? 0);
      if (messages.length === 0 || weight > room) {
        messages.push(new Map());
        room = MESSAGE_WEIGHT;
      }
      room -= weight;
      const message = messages.at(-1) as Map<string, GroupContribution[]>;
      const listed = message.get(part);
      if (listed === undefined) message.set(part, [group]);
      else listed.push(group);
    }
  }
  if (messages.length === 0) messages.push(new Map());
  return messages.map((message, index) => ({
    v: 2,
    process: { ...process, parts: [...process.parts] },
    index,
    count: messages.length,
    known: Array.from(message, ([part, groups]) => ({
      part,
      groups: groups as StatusAnswer['known'][number]['groups'],
    })),
  }));
}

/** Puts the messages of one process together. */
export class KnownParts {
  private readonly messages = new Map<number, StatusAnswer>();

  /** What it knows, as soon as all of it is there. */
  add(answer: StatusAnswer): Known | undefined {
    this.messages.set(answer.index, answer);
    if (this.messages.size < answer.count) return undefined;
    const byPart = new Map<string, GroupContribution[]>();
    for (const { known } of [...this.messages.values()].sort((a, b) => a.index - b.index)) {
      for (const { part, groups } of known) {
        // What is not checked is only shown.
        byPart.set(part, [...(byPart.get(part) ?? []), ...(groups as unknown as GroupContribution[])]);
      }
    }
    return { process: answer.process, known: Array.from(byPart, ([part, groups]) => ({ part, groups })) };
  }
}
