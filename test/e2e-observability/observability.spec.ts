import { ALERTS, fleetBoard, groupBoard } from '@iec104mm2ss/monitoring';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { hasNats } from '../e2e/nats-server.ts';
import { until } from '../e2e/ports.ts';
import { FAULTS } from './faults/index.ts';
import { picture } from './preview/picture.ts';
import type { Labels } from './prometheus.ts';
import { makeWhole, type Scene, startScene } from './scene.ts';

const program = requireTool('prometheus');
const hasOpenssl = requireTool('openssl') !== undefined;
const FIRES_MS = 90_000;
const CLEARS_MS = 120_000;
const QUIET_MS = 10_000;

const ends: (() => void | Promise<void>)[] = [];
let shared: Scene | undefined;
const sceneOf = async (): Promise<Scene> =>
  (shared ??= await startScene(program ?? '', (end) => {
    ends.push(end);
  }));
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** Nothing, once no alert has been firing for ten seconds; what is firing when that does not come to be. */
async function firingInTheEnd(scene: Scene): Promise<readonly Labels[]> {
  const giveUpAt = performance.now() + CLEARS_MS;
  let quietSince = performance.now();
  for (;;) {
    const firing = await scene.prometheus.faults();
    const now = performance.now();
    if (firing.length > 0) quietSince = now;
    if (now > giveUpAt || now - quietSince > QUIET_MS) return firing;
    await delay(500);
  }
}

/** Where pictures of the boards are to be left, if any are wanted. */
const pictures = process.env['MM2SS_PICTURES'];

describe.skipIf(program === undefined || !hasNats || !hasOpenssl)(
  'a Prometheus that watches a system under load',
  () => {
    it('has no alert firing while all is well', async () => {
      const scene = await sceneOf();
      const { prometheus, system } = scene;
      const parts = system.parts.size;
      await until('all parts are read', async () => (await prometheus.ask('up == 1')).length === parts);
      expect(await firingInTheEnd(scene)).toEqual([]);
    });

    it.each(FAULTS)('$title', async ({ alerts, cause, mend, tidy }) => {
      const scene = await sceneOf();
      scene.system.explainFailure();
      await cause(scene);
      try {
        for (const wanted of alerts) {
          await until(`fires: ${JSON.stringify(wanted)}`, () => scene.prometheus.isFiring(wanted), FIRES_MS);
        }
      } finally {
        await mend?.(scene);
        await makeWhole(scene);
      }
      const gone = async (): Promise<boolean> => !(await scene.prometheus.isFiring(...alerts));
      await until('the alerts clear', gone, CLEARS_MS);
      await tidy?.(scene);
    });

    it('has no alert firing in the end', async () => {
      const scene = await sceneOf();
      expect(await firingInTheEnd(scene)).toEqual([]);
    });

    it.each([fleetBoard(), groupBoard()])('has data for every query of the board $title', async (board) => {
      const { prometheus } = await sceneOf();
      expect(await prometheus.withoutData(board, '1')).toEqual([]);
    });

    it.skipIf(pictures === undefined).each(Object.entries({ fleet: fleetBoard(), group: groupBoard() }))(
      'makes a picture of the board %s',
      async (name, board) => {
        const { prometheus } = await sceneOf();
        await picture(requireTool('chromium') ?? '', prometheus, board, '1', `${pictures ?? ''}/${name}.png`);
      },
    );

    it('saw every alert; some causes are told of by promtool alone', () => {
      const seen = FAULTS.flatMap(({ alerts }) => alerts);
      const not = ALERTS.flatMap(({ alert, conditions }) =>
        conditions
          .filter(({ cause }) => !seen.some((each) => each['alertname'] === alert && each['cause'] === cause))
          .map(({ cause }) => `${alert}${cause === undefined ? '' : ` ${cause}`}`),
      );
      // A log that fills and empties again and again takes a master that keeps pace to the event; it is a defect of ours that a
      // metric cannot be read.
      expect(not).toEqual(['LogFull often', 'MetricsMissing incomplete']);
    });
  },
);
