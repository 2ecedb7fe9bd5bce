import { describe, expect, it } from 'vitest';
import { PROBE_MS, probesOf } from './link-figures.js';

const USUAL = { t3Ms: 20_000, idleTimeMs: 60_000, localPort: 40_000, remotePort: 2_404 };

describe('how a link is probed', () => {
  it.each([
    ['as usual', {}, true],
    ['no idle time', { idleTimeMs: Infinity }, true],
    ['a t3 of 48 hours, as every octet is paid for', { t3Ms: 172_800_000, idleTimeMs: Infinity }, false],
    ['a t3 that was made longer', { t3Ms: 31_000 }, false],
    ['an idle time that t3 does not disturb', { idleTimeMs: 15_000 }, false],
  ])('%s: while nothing passes, too: %s', (_what, changes, idleToo) => {
    expect(probesOf({ ...USUAL, ...changes })).toMatchObject({ everyMs: PROBE_MS, idleToo });
  });

  it('links that come together are spread over the period', () => {
    const firsts = Array.from({ length: 100 }, (_, i) => probesOf({ ...USUAL, localPort: 40_000 + i }).firstMs);
    for (let tenth = 0; tenth < 10; tenth++) {
      const within = firsts.filter((ms) => Math.floor((10 * ms) / PROBE_MS) === tenth);
      expect([tenth, within.length > 3]).toEqual([tenth, true]);
    }
  });
});
