import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Scene, startScene, underFault, WINDOW } from './fault-scene.ts';
import { hasNats } from './nats-server.ts';
import { until } from './ports.ts';
import { Relay } from './relay.ts';
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

/** How long a part is stopped, or a path cut: shorter than the hold time. */
const ABSENCE_MS = 5_000;

describe.skipIf(!hasNats)('under load, 5 s of SIGSTOP of', () => {
  const stopped = async (part: { kill(signal: NodeJS.Signals): void }): Promise<void> => {
    part.kill('SIGSTOP');
    await delay(ABSENCE_MS);
    part.kill('SIGCONT');
  };

  it('the connector loses nothing and disturbs no master', async () => {
    const scene = await startScene();
    await underFault('SIGSTOP connector', scene, ({ system }) => stopped(system.part('connector1.1')));
  });

  it('the connector with a standby loses nothing and disturbs no master', async () => {
    const scene = await startScene({ connectors: 2 });
    const active = scene.system.connectors.find((part) => part.find({ msg: 'this connector serves the group' }));
    expect(active).toBeDefined();
    // The kernel keeps the stopped process's connection open: nobody but that process could close it.
    await underFault('SIGSTOP connector, standby', scene, () => stopped(active!), { rtuConnections: 2 });
    expect(scene.rtu.connections).toHaveLength(1);
  });

  it('the router that owns the group loses nothing and disturbs no master', async () => {
    const scene = await startScene();
    await underFault('SIGSTOP owner router', scene, async ({ system }) => stopped(await system.owner()), {
      silenceMs: TAKEOVER_MS,
    });
  });

  it('a gateway loses nothing and disturbs no master', async () => {
    const scene = await startScene();
    await underFault('SIGSTOP gateway', scene, ({ system }) => stopped(system.part('gateway2')));
  });

  it('nats-server loses nothing and disturbs no master', async () => {
    const scene = await startScene();
    await underFault('SIGSTOP nats-server', scene, async ({ system: { nats } }) => {
      await nats.pause();
      await delay(ABSENCE_MS);
      await nats.resume();
    });
  });
});

describe.skipIf(!hasNats)('under load, a cut of the TCP path between', () => {
  it('RTU and connector loses nothing; its masters are disconnected and come back', async () => {
    const scene = await startScene({ rtuRelay: true });
    const everybody = ['A', 'B', 'C', 'D', 'E'] as const;
    await underFault(
      'cut RTU - connector',
      scene,
      async ({ rtuRelay, masters }) => {
        await rtuRelay?.cut();
        await until('all masters are disconnected', () => everybody.every((name) => masters[name].disconnections > 0));
        await delay(RESTART_PAUSE_MS);
        await rtuRelay?.mend();
      },
      { disturbed: everybody },
    );
  });

  it('RTU and connector that is silent for 5 s loses nothing and disturbs no master', async () => {
    const scene = await startScene({ rtuRelay: true });
    await underFault('silence RTU - connector', scene, async ({ rtuRelay }) => {
      rtuRelay?.stall();
      await delay(ABSENCE_MS);
      await rtuRelay?.mend();
    });
  });

  it.each(['gateway2', 'router', 'connector1.1'])(
    '%s and nats-server loses nothing and disturbs no master',
    async (who) => {
      const relays = new Map<string, Relay>();
      const scene = await startScene({
        natsUrlOf: async (part, nats) => {
          if (!part.startsWith(who)) return nats.url;
          const relay = await Relay.start(nats);
          relays.set(part, relay);
          onTestFinished(() => relay.close());
          return `nats://${relay.host}:${relay.port}`;
        },
      });
      await underFault(`cut ${who} - nats-server`, scene, async ({ system }) => {
        const relay = relays.get(who === 'router' ? (await system.owner()).name : who);
        await relay?.cut();
        await delay(ABSENCE_MS);
        await relay?.mend();
      });
    },
  );
});

describe.skipIf(!hasNats)('a loss longer than the hold time', () => {
  it.each(['the routers', 'nats-server', 'the connector'])(
    'of %s disconnects the masters, and nothing is lost',
    async (who) => {
      const scene = await startScene({ holdSeconds: HOLD_MS / 1000 });
      const everybody = ['A', 'B', 'C', 'D', 'E'] as const;
      await underFault(
        `${who} away for longer than the hold`,
        scene,
        async ({ system, masters }) => {
          const { nats, routers, connectors } = system;
          const lost = who === 'the routers' ? routers : who === 'the connector' ? connectors : [];
          for (const part of lost) part.kill('SIGKILL');
          if (who === 'nats-server') await nats.kill();
          const heldMs = await until('all masters are disconnected', () => {
            return everybody.every((name) => masters[name].disconnections > 0);
          });
          expect(heldMs).toBeGreaterThanOrEqual(HOLD_MS - CLOCK_MS);
          expect(heldMs).toBeLessThan(HOLD_LIMIT_MS);
          if (who === 'nats-server') await nats.restart();
          await Promise.all(lost.map((part) => system.startPart(part.name)));
          return `disconnected after ${Math.round(heldMs)} ms`;
        },
        // Acknowledgements of the last moment are lost with the last router: cursors are kept a few times a second.
        { disturbed: everybody, repeats: CURSOR_EVENTS + WINDOW },
      );
    },
  );
});

/** Events between two times at which a router keeps its cursors, at 500 a second and with some patience. */
const CURSOR_EVENTS = 250;
/** The hold time, what may be lost of it by looking at clocks, and when it has ended for certain. */
const HOLD_MS = 3_000;
const CLOCK_MS = 100;
const HOLD_LIMIT_MS = HOLD_MS + 4_000;
