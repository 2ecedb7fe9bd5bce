import { expect, it } from 'vitest';
import { MAX_START_PAUSE_MS, StartPause, STEADY_MS } from './start-pause.js';

it('an RTU that stops by itself is started again at once, and later and later when it goes on so', () => {
  const pause = new StartPause();
  const waits = Array.from({ length: 7 }, (_, index) => {
    const now = 1_000 * index;
    pause.started(now);
    pause.stoppedByItself(now + 10);
    return Math.max(0, pause.notBefore - (now + 10));
  });
  expect(waits).toEqual([0, 1_000, 2_000, 4_000, 8_000, MAX_START_PAUSE_MS, MAX_START_PAUSE_MS]);
  pause.started(100_000);
  pause.stoppedByItself(100_000 + STEADY_MS);
  expect(pause.notBefore).toBeLessThan(100_000);
});
