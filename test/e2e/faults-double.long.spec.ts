import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { CURSOR_EVENTS, killAndRestart, sharedScene, underFault, WINDOW } from './fault-scene.ts';
import { hasNats } from './nats-server.ts';

/** After this the connector has been told which commands were settled, and no gateway can say so of those of the lost one. */
const TOLD_MS = 3_500;

/** Two losses at once, or soon after each other; a machine that fails takes more than one part with it. */
describe.skipIf(!hasNats)('under load, kill -9 of', () => {
  // Several processes are started at once, which takes its time on a busy machine.
  const sceneOf = sharedScene({ holdSeconds: 20 });

  it('the connector and the router that owns the group loses nothing and disturbs no master', async () => {
    const scene = await sceneOf();
    await underFault('kill -9 connector and owner router', scene, async (it) => {
      await killAndRestart(it, ['connector1.1', (await it.system.owner()).name]);
    });
  });

  it('a gateway, and then of the router that owns the group, leaves one true record of each command', async () => {
    const scene = await sceneOf();
    await underFault(
      'kill -9 gateway, then owner router',
      scene,
      async (it) => {
        await killAndRestart(it, ['gateway1']);
        await delay(TOLD_MS);
        await killAndRestart(it, [(await it.system.owner()).name]);
      },
      { disturbed: ['A', 'B', 'C'], repeats: CURSOR_EVENTS + WINDOW },
    );
  });

  it('nats-server and the connector loses nothing and disturbs no master', async () => {
    const scene = await sceneOf();
    await underFault('kill -9 nats-server and connector', scene, (it) =>
      killAndRestart(it, ['connector1.1'], { withNats: true }),
    );
  });

  it('nats-server and both routers loses nothing and disturbs no master', async () => {
    const scene = await sceneOf();
    const names = scene.system.routers.map(({ name }) => name);
    await underFault('kill -9 nats-server and routers', scene, (it) => killAndRestart(it, names, { withNats: true }), {
      // Acknowledgements of the last moment are lost with the last router.
      repeats: CURSOR_EVENTS + WINDOW,
    });
  });

  it('everything but the gateways loses nothing and disturbs no master', async () => {
    const scene = await sceneOf();
    const names = [...scene.system.routers.map(({ name }) => name), 'connector1.1'];
    await underFault('kill -9 all but gateways', scene, (it) => killAndRestart(it, names, { withNats: true }), {
      repeats: CURSOR_EVENTS + WINDOW,
    });
  });
});
