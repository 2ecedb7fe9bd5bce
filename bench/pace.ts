/**
 * Worker thread: says when events are due. Node's own timers know only whole milliseconds and drift; at 5,000 events a
 * second that would send them in bunches of five. This thread sleeps on a futex, to some tens of microseconds.
 *
 * shared[0]: set to 1 and notified to end. shared[1]: how many events are due so far.
 */
import { parentPort, workerData } from 'node:worker_threads';

const { shared, perSecond } = workerData as { shared: Int32Array; perSecond: number };
const startMs = performance.now();
for (let due = 1; ; due++) {
  const waitMs = startMs + (due * 1000) / perSecond - performance.now();
  // Late: what is due by now is announced at once, the average rate holds.
  if (waitMs > 0 && Atomics.wait(shared, 0, 0, waitMs) !== 'timed-out') break;
  if (Atomics.load(shared, 0) === 1) break;
  Atomics.store(shared, 1, due);
  parentPort!.postMessage(0);
}
