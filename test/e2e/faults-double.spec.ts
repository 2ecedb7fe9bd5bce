import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { RESTART_PAUSE_MS, type Scene, sharedScene, underFault } from './fault-scene.ts';
import { hasNats } from './nats-server.ts';

/** Parts, and nats-server, that end together as with kill -9 and are started again after a while. */
async function killTogether({ system }: Scene, names: readonly string[], withNats: boolean): Promise<void> {
  const parts = names.map((name) => system.part(name));
  const nats = withNats ? system.nats.kill() : undefined;
  for (const part of parts) part.kill('SIGKILL');
  await Promise.all([nats, ...parts.map((part) => part.exited)]);
  await delay(RESTART_PAUSE_MS);
  if (withNats) await system.nats.restart();
  await Promise.all(names.map((name) => system.startPart(name)));
}

/** Two losses at once; a machine that fails takes more than one part with it. */
describe.skipIf(!hasNats)('under load, kill -9 of', () => {
  const sceneOf = sharedScene();

  it('the connector and the router that owns the group loses nothing and disturbs no master', async () => {
    const scene = await sceneOf();
    await underFault('kill -9 connector and owner router', scene, async (it) => {
      await killTogether(it, ['connector1.1', (await it.system.owner()).name], false);
    });
  });

  it('nats-server and the connector loses nothing and disturbs no master', async () => {
    const scene = await sceneOf();
    await underFault('kill -9 nats-server and connector', scene, (it) => killTogether(it, ['connector1.1'], true));
  });

  it('nats-server and both routers loses nothing and disturbs no master', async () => {
    const scene = await sceneOf();
    const names = scene.system.routers.map(({ name }) => name);
    await underFault('kill -9 nats-server and routers', scene, (it) => killTogether(it, names, true), {
      // Acknowledgements of the last moment are lost with the last router.
      repeats: 262,
    });
  });

  it('everything but the gateways loses nothing and disturbs no master', async () => {
    const scene = await sceneOf();
    const names = [...scene.system.routers.map(({ name }) => name), 'connector1.1'];
    await underFault('kill -9 all but gateways', scene, (it) => killTogether(it, names, true), { repeats: 262 });
  });
});
