import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Does one thing after the other, each in a turn of the event loop of its own: what a status of hundreds of groups costs is
 * not to hold up data that passes.
 */
export async function* inTurns<T>(things: Iterable<T>): AsyncGenerator<T> {
  for (const thing of things) {
    yield thing;
    await nextTurn();
  }
}
