import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  ABSENCE_MS,
  ACKNOWLEDGED_TOGETHER,
  killAndRestart,
  RESTART_PAUSE_MS,
  type Scene,
  sharedScene,
  TAKEOVER_MS,
  underFault,
  WINDOW,
} from './fault-scene.ts';
import { hasNats } from './nats-server.ts';
import type { Part } from './part.ts';
import { until } from './ports.ts';
import { GATEWAY_HOSTS } from './system.ts';

async function stopForAWhile(part: Part): Promise<void> {
  part.kill('SIGSTOP');
  await delay(ABSENCE_MS);
  part.kill('SIGCONT');
}

describe.skipIf(!hasNats)('under load', () => {
  // Starting a process takes its time on a busy machine.
  const sceneOf = sharedScene({ holdSeconds: 20 });

  describe('kill -9 of', () => {
    it('the connector loses nothing, and masters stay connected while it is started again', async () => {
      const scene = await sceneOf();
      await underFault('kill -9 connector', scene, (it) => killAndRestart(it, ['connector1.1']));
    });

    it('the router that owns the group loses nothing, and another takes over', async () => {
      const scene = await sceneOf();
      await underFault(
        'kill -9 owner router',
        scene,
        async ({ system }) => {
          const owner = await system.owner();
          await killAndRestart(scene, [owner.name], { pauseMs: 4_000 });
        },
        { silenceMs: TAKEOVER_MS },
      );
    });

    it('a gateway loses nothing, its sessions are freed soon, and its masters go on elsewhere', async () => {
      const scene = await sceneOf();
      await underFault(
        'kill -9 gateway',
        scene,
        async ({ system, masters }) => {
          const gateway = system.part('gateway2');
          const owner = await system.owner();
          const there = (await system.masters())
            .filter(({ peer }) => /^127\.0\.0\.1[45]:/.test(peer ?? ''))
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
        { disturbed: ['D', 'E'], repeats: WINDOW + ACKNOWLEDGED_TOGETHER },
      );
    });

    it('nats-server loses nothing and disturbs no master', async () => {
      const scene = await sceneOf();
      await underFault('kill -9 nats-server', scene, (it) => killAndRestart(it, [], { withNats: true }));
    });
  });

  describe('5 s of SIGSTOP of', () => {
    it('the connector loses nothing and disturbs no master', async () => {
      const scene = await sceneOf();
      await underFault('SIGSTOP connector', scene, ({ system }) => stopForAWhile(system.part('connector1.1')));
    });

    it('the router that owns the group loses nothing and disturbs no master', async () => {
      const scene = await sceneOf();
      await underFault('SIGSTOP owner router', scene, async ({ system }) => {
        const owner = await system.owner();
        await stopForAWhile(owner);
        await until('another one has taken over', async () => (await system.owner()).name !== owner.name);
      });
    });

    it('a gateway loses nothing and disturbs no master', async () => {
      const scene = await sceneOf();
      await underFault('SIGSTOP gateway', scene, ({ system }) => stopForAWhile(system.part('gateway2')), {
        heldUpMs: ABSENCE_MS,
      });
    });

    it('nats-server loses nothing and disturbs no master', async () => {
      const scene = await sceneOf();
      await underFault('SIGSTOP nats-server', scene, async ({ system: { nats } }) => {
        await nats.pause();
        await delay(ABSENCE_MS);
        await nats.resume();
      });
    });
  });
});

describe.skipIf(!hasNats)('under load, with a standby connector,', () => {
  const sceneOf = sharedScene({ connectors: 2 });

  /** The one connector that holds the RTU. */
  async function activeOf({ system }: Scene): Promise<Part> {
    let serving: Part[] = [];
    // Masters are started a moment before the RTU is.
    await until('a connector serves the RTU', async () => (serving = await system.serving()).length > 0);
    expect(serving).toHaveLength(1);
    return serving[0]!;
  }

  it('kill -9 of the connector loses nothing', async () => {
    const scene = await sceneOf();
    const active = await activeOf(scene);
    await underFault(
      'kill -9 connector, standby',
      scene,
      async () => {
        active.kill('SIGKILL');
        await active.exited;
      },
      { silenceMs: TAKEOVER_MS },
    );
  });

  it('5 s of SIGSTOP of the connector loses nothing and disturbs no master', async () => {
    const scene = await sceneOf();
    const active = await activeOf(scene);
    // The kernel keeps the stopped process's connection open: nobody but that process could close it.
    await underFault('SIGSTOP connector, standby', scene, () => stopForAWhile(active), { rtuConnections: 2 });
    expect(scene.rtu.connections).toHaveLength(1);
  });
});
