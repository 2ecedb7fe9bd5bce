import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Bus, controlSubject } from '@iec104mm2ss/bus';
import type { Clock } from '@iec104mm2ss/runtime';
import { decodeStatusAnswer, encodeStatusRequest, WireError } from '@iec104mm2ss/wire';
import { type Known, KnownParts } from './known.js';

/** How long the answers of all processes are waited for, and of those that nobody knows yet when all others are there. */
export const ANSWER_MS = 700;
export const STRANGER_MS = 100;
/** How many seconds somebody who asks may want to wait instead, for processes of a machine that is very busy. */
export const MAX_WAIT_SECONDS = 30;

/** @returns ms, undefined when it is no whole number of seconds that may be waited */
export function readWait(text: string | undefined): number | undefined {
  if (text === undefined) return ANSWER_MS;
  const seconds = /^[0-9]{1,2}$/.test(text) ? Number(text) : 0;
  return seconds >= 1 && seconds <= MAX_WAIT_SECONDS ? seconds * 1_000 : undefined;
}

/**
 * Asks every process on the bus for its status, once. Resolves with what came, by instance, when all of `expected` have
 * answered and strangers had their time, or after `waitMs`.
 */
export function askAllStatus(
  bus: Pick<Bus, 'askAll' | 'drops'>,
  clock: Clock,
  by: string,
  expected: ReadonlySet<string>,
  waitMs = ANSWER_MS,
): Promise<ReadonlyMap<string, Known>> {
  return new Promise((resolve) => {
    const subject = controlSubject('status');
    const parts = new Map<string, KnownParts>();
    const answers = new Map<string, Known>();
    let strangersHadTime = false;
    const finish = (): void => {
      asking.unsubscribe();
      for (const timer of timers) clock.clearTimer(timer);
      resolve(answers);
    };
    const look = (): void => {
      const all = expected.size > 0 && [...expected].every((instance) => answers.has(instance));
      if (all && strangersHadTime) finish();
    };
    const timers = [
      clock.setTimer(finish, waitMs),
      clock.setTimer(() => {
        strangersHadTime = true;
        look();
      }, STRANGER_MS),
    ];
    const take = (data: Uint8Array): void => {
      const answer = decodeStatusAnswer(data);
      if (answer instanceof WireError) {
        bus.drops.add(subject, answer.code, answer.message);
        return;
      }
      const { instance } = answer.process;
      const collected = parts.get(instance) ?? new KnownParts();
      parts.set(instance, collected);
      const known = collected.add(answer);
      if (known === undefined) return;
      answers.set(instance, known);
      look();
    };
    // Each in a turn of its own, see inTurns.
    let work = Promise.resolve();
    const asking = bus.askAll(subject, encodeStatusRequest(by), (data) => {
      const copy = new Uint8Array(data);
      work = work.then(() => nextTurn()).then(() => take(copy));
    });
  });
}
