import { type Clock, type Runtime, sleep } from '@iec104mm2ss/runtime';
import type { MasterSession } from './master-session.js';

/** How long masters may take at most to read what is owed to them. */
export const DRAIN_MS = 3_000;
const LOOK_MS = 20;
/** Between the ends of two sessions at most: a few masters need not be waited for. */
const LONGEST_PAUSE_MS = 100;

type Draining = Pick<MasterSession, 'drain' | 'settle'>;
type Ending = Draining & Pick<MasterSession, 'close'> & { readonly connection: { readonly closed: boolean } };

/**
 * Takes nothing new for masters, and waits until they have read what is owed to them, or DRAIN_MS.
 *
 * @param sessions those that are connected at the moment
 */
export async function drain(sessions: () => readonly Draining[], clock: Clock): Promise<void> {
  for (const session of sessions()) session.drain();
  const until = clock.now() + DRAIN_MS;
  // Every one of them is asked, not only the first that is not there yet.
  const unsettled = (): boolean => sessions().filter((session) => !session.settle()).length > 0;
  while (unsettled() && clock.now() < until) await sleep(clock, LOOK_MS);
}

/**
 * Ends sessions one after the other, in no order, evenly over a time: whoever takes their masters over is not to get all at once. Each
 * works as ever until it is its turn, and gets what is queued for it then.
 */
export async function drainOneByOne(
  sessions: readonly Ending[],
  { clock, random }: Pick<Runtime, 'clock' | 'random'>,
  overMs: number,
): Promise<void> {
  const pauseMs = Math.min(overMs / sessions.length, LONGEST_PAUSE_MS);
  const begunAt = clock.now();
  const ends: Promise<void>[] = [];
  for (const [index, session] of shuffled(sessions, random).entries()) {
    const waitMs = begunAt + index * pauseMs - clock.now();
    if (waitMs > 0) await sleep(clock, waitMs);
    ends.push(end(session, clock));
  }
  await Promise.all(ends);
}

async function end(session: Ending, clock: Clock): Promise<void> {
  await drain(() => (session.connection.closed ? [] : [session]), clock);
  session.close('stopped', 'the gateway stops');
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const all = [...items];
  for (let last = all.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [all[last], all[other]] = [all[other] as T, all[last] as T];
  }
  return all;
}
