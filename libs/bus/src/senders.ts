import type { DropCounter } from './drop-counter.js';

/** Between the name of a process on the bus and what tells it from others with the same credentials. */
const MARK = '/';

/** What the instance name of a process with a name on the bus begins with. */
export const instancePrefix = (name: string | undefined): string => (name === undefined ? '' : `${name}${MARK}`);

/** The name on the bus that an instance name begins with; undefined: the bus has no names. */
export function busNameOf(instance: string): string | undefined {
  const end = instance.indexOf(MARK);
  return end < 0 ? undefined : instance.slice(0, end);
}

/**
 * Whether a message that came on a subject of `by` is about a process that has these credentials. Else somebody speaks for
 * another: it is counted, and reported as a security event.
 *
 * @param instance whom the message is about
 * @param does what the sender does, for people: "speaks for"
 */
export function checkSender(
  drops: DropCounter,
  subject: string,
  by: string | undefined,
  instance: string,
  does: string,
): boolean {
  if (busNameOf(instance) === by) return true;
  drops.add(subject, 'SENDER', `${by ?? 'a process without a name'} ${does} ${instance}`);
  return false;
}
