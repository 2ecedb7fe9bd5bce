import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Scene, startScene, underFault } from './fault-scene.ts';
import { hasNats } from './nats-server.ts';
import { until } from './ports.ts';
import { GATEWAY_HOSTS } from './system.ts';

/** As long as a supervisor takes to start a part again. */
const RESTART_PAUSE_MS = 1_000;
/** What takeovers are promised to take at most. */
const TAKEOVER_MS = 3_000;

/** Ends a part as kill -9 does and starts it again after a while. */
async function killAndRestart({ system }: Scene, name: string, pauseMs = RESTART_PAUSE_MS): Promise<void> {
  const part = system.part(name);
  part.kill('SIGKILL');
  await part.exited;
  await delay(pauseMs);
  await system.startPart(name);
}

describe.skipIf(!hasNats)('under load, kill -9 of', () => {
  it('the connector loses nothing, and masters stay connected while it is started again', async () => {
    const scene = await startScene();
    await underFault('kill -9 connector', scene, (it) => killAndRestart(it, 'connector1.1'));
  });

  it('the connector with a standby loses nothing', async () => {
    const scene = await startScene({ connectors: 2 });
    const { system } = scene;
    const active = system.connectors.find(
      (part) => part.find({ msg: 'this connector serves the group' }) !== undefined,
    );
    expect(active).toBeDefined();
    await underFault(
      'kill -9 connector, standby',
      scene,
      async () => {
        active?.kill('SIGKILL');
        await active?.exited;
      },
      { silenceMs: TAKEOVER_MS },
    );
  });

  it('the router that owns the group loses nothing, and another takes over within 3 s', async () => {
    const scene = await startScene();
    await underFault(
      'kill -9 owner router',
      scene,
      async ({ system }) => {
        const owner = await system.owner();
        await killAndRestart(scene, owner.name, 4_000);
      },
      { silenceMs: TAKEOVER_MS },
    );
  });

  it('a gateway loses nothing, its sessions are freed within 3 s, and its masters go on elsewhere', async () => {
    const scene = await startScene();
    await underFault(
      'kill -9 gateway',
      scene,
      async ({ system, masters }) => {
        const gateway = system.part('gateway2');
        const owner = await system.owner();
        const there = (await system.masters())
          .filter(({ peer }) => /^127\.0\.0\.1[45]:/.test(peer))
          .map(({ session }) => session);
        expect(there).toHaveLength(2);
        gateway.kill('SIGKILL');
        const freedMs = await until('its sessions are freed', async () => {
          const left = (await owner.status()).groups[0]?.masters ?? [];
          return !left.some(({ session }) => there.includes(session));
        });
        expect(freedMs).toBeLessThanOrEqual(TAKEOVER_MS);
        await masters.E.moveTo(GATEWAY_HOSTS[0]);
        await delay(RESTART_PAUSE_MS);
        await system.startPart('gateway2');
        return `sessions freed after ${Math.round(freedMs)} ms`;
      },
      { disturbed: ['D', 'E'] },
    );
  });

  it('nats-server loses nothing and disturbs no master', async () => {
    const scene = await startScene();
    await underFault('kill -9 nats-server', scene, async ({ system: { nats } }) => {
      await nats.kill();
      await delay(RESTART_PAUSE_MS);
      await nats.restart();
    });
  });
});
