import { describe, it } from 'vitest';
import { CURSOR_EVENTS, killAndRestart, sharedScene, underFault, WINDOW } from './fault-scene.ts';
describe('x', () => {
  const sceneOf = sharedScene();
  it.each([1, 2, 3])('y %s', async (n) => {
    const scene = await sceneOf();
    const names = scene.system.routers.map(({ name }) => name);
    await underFault('RR' + n, scene, (it) => killAndRestart(it, names, { withNats: true, pauseMs: 6_000 }), {
      repeats: CURSOR_EVENTS + WINDOW,
    });
    console.log(scene.system.lastLines());
  });
});
