import { expect, it } from 'vitest';
import { ConnectorClock } from './connector-clock.js';

it('a connector that was never heard has no time', () => {
  const clock = new ConnectorClock({ now: () => 5 });
  expect(clock.now()).toBeUndefined();
  expect(clock.remaining(1, 100)).toBeUndefined();
});

it("the estimate of a connector's clock is never ahead of it, whatever the delays of its messages", () => {
  let now = 1_000;
  // It began at another time, and runs slower by 0.04 %.
  const connectorTime = (): number => 77_000 + (now - 1_000) * 0.9996;
  const estimate = new ConnectorClock({ now: () => now });
  for (let i = 0; i < 200; i++) {
    const sentAt = connectorTime();
    now += [1, 40, 900, 3][i % 4] as number;
    estimate.heard(7, sentAt);
    const error = connectorTime() - (estimate.now() as number);
    expect(error).toBeGreaterThanOrEqual(0);
    if (i > 10) expect(error).toBeLessThan(10);
    now += 2_000;
    expect(connectorTime() - (estimate.now() as number)).toBeGreaterThanOrEqual(0);
  }
});

it('a deadline of another connector has no remaining time', () => {
  let now = 0;
  const clock = new ConnectorClock({ now: () => now });
  clock.heard(7, 500);
  expect(clock.remaining(7, 1_500)).toBe(1_000);
  expect(clock.remaining(8, 1_500)).toBeUndefined();
  now = 100;
  clock.heard(8, 20);
  expect(clock.remaining(8, 1_020)).toBe(1_000);
  expect(clock.remaining(7, 1_500)).toBeUndefined();
});
