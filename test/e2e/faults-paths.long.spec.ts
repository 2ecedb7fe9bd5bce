import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ABSENCE_MS, CURSOR_EVENTS, NAMES, RESTART_PAUSE_MS, sharedScene, underFault, WINDOW } from './fault-scene.ts';
import { hasNats } from './nats-server.ts';
import { until } from './ports.ts';

/** The hold time, what may be lost of it by looking at clocks, and when it has ended for certain. */
const HOLD_MS = 3_000;
const CLOCK_MS = 100;
const HOLD_LIMIT_MS = HOLD_MS + 4_000;

describe.skipIf(!hasNats)('under load, a cut of the TCP path between', () => {
  const sceneOf = sharedScene({ relayed: (part) => part !== 'gateway1' });

  it('RTU and connector loses nothing; its masters are disconnected and come back', async () => {
    const scene = await sceneOf();
    await underFault(
      'cut RTU - connector',
      scene,
      async ({ rtuRelay, masters }) => {
        await rtuRelay?.cut();
        await until('all masters are disconnected', () => NAMES.every((name) => masters[name].disconnections > 0));
        await delay(RESTART_PAUSE_MS);
        await rtuRelay?.mend();
      },
      { disturbed: NAMES },
    );
  });

  it('RTU and connector that is silent for 5 s loses nothing and disturbs no master', async () => {
    const scene = await sceneOf();
    await underFault('silence RTU - connector', scene, async ({ rtuRelay }) => {
      rtuRelay?.stall();
      await delay(ABSENCE_MS);
      await rtuRelay?.mend();
    });
  });

  it.each(['gateway2', 'router', 'connector1.1'])(
    '%s and nats-server loses nothing and disturbs no master',
    async (who) => {
      const scene = await sceneOf();
      await underFault(`cut ${who} - nats-server`, scene, async ({ system, natsRelays }) => {
        const relay = natsRelays.get(who === 'router' ? (await system.owner()).name : who)!;
        expect(relay.accepted).toBeGreaterThan(0);
        await relay.cut();
        await delay(ABSENCE_MS);
        await relay.mend();
      });
    },
  );
});

describe.skipIf(!hasNats)('a loss longer than the hold time', () => {
  const sceneOf = sharedScene({ holdSeconds: HOLD_MS / 1000 });

  it.each(['the routers', 'nats-server', 'the connector'])(
    'of %s disconnects the masters, and nothing is lost',
    async (who) => {
      const scene = await sceneOf();
      await underFault(
        `${who} away for longer than the hold`,
        scene,
        async ({ system, masters }) => {
          const { nats, routers, connectors } = system;
          const lost = who === 'the routers' ? routers : who === 'the connector' ? connectors : [];
          // Its end may be noticed before we know of it.
          const from = performance.now();
          for (const part of lost) part.kill('SIGKILL');
          if (who === 'nats-server') await nats.kill();
          await until('all masters are disconnected', () => {
            return NAMES.every((name) => masters[name].disconnections > 0);
          });
          const heldMs = performance.now() - from;
          expect(heldMs).toBeGreaterThanOrEqual(HOLD_MS - CLOCK_MS);
          expect(heldMs).toBeLessThan(HOLD_LIMIT_MS);
          if (who === 'nats-server') await nats.restart();
          await Promise.all(lost.map((part) => system.startPart(part.name)));
          return `disconnected after ${Math.round(heldMs)} ms`;
        },
        // Acknowledgements of the last moment are lost with the last router: cursors are kept a few times a second.
        { disturbed: NAMES, repeats: CURSOR_EVENTS + WINDOW },
      );
    },
  );
});
