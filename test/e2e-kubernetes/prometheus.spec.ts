/** A real Prometheus, run here, asks every pod. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort, PATIENCE_MS, until } from '../e2e/ports.ts';
import { componentOf, pods } from './cluster.ts';
import { sharedScene } from './scene.ts';
import { missing, settings } from './settings.ts';

const { prometheus = '' } = settings;
if (prometheus === '') process.stderr.write('\n!!! SKIPPED: E2E_PROMETHEUS names no binary.\n\n');
const HTTP_PORT = 9104;
const PARTS = ['connector', 'router', 'gateway'];

describe.skipIf(missing !== undefined || prometheus === '')('Prometheus', () => {
  const sceneOf = sharedScene();

  it('scrapes all pods', async () => {
    sceneOf();
    const folder = await mkdtemp(join(tmpdir(), 'mm2ss-prometheus-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const targets = (await pods())
      .filter((pod) => PARTS.includes(componentOf(pod)))
      .map(({ status }) => `${status.podIP ?? ''}:${HTTP_PORT}`);
    expect(targets).toHaveLength(6);
    const file = join(folder, 'prometheus.yml');
    const job = { job_name: 'mm2ss', scrape_interval: '1s', scrape_timeout: '1s', static_configs: [{ targets }] };
    await writeFile(file, JSON.stringify({ scrape_configs: [job] }));
    const address = `127.0.0.1:${await freePort()}`;
    const args = [`--config.file=${file}`, `--storage.tsdb.path=${folder}/tsdb`, `--web.listen-address=${address}`];
    const child = spawn(prometheus, args, { stdio: 'ignore' });
    const exited = once(child, 'exit');
    onTestFinished(async () => {
      child.kill();
      await exited;
    });
    const ask = async (query: string): Promise<Series[]> => {
      const response = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(query)}`);
      return ((await response.json()) as { data: { result: Series[] } }).data.result;
    };
    const up = async (): Promise<number> => (await ask('up == 1').catch((): Series[] => [])).length;
    await until('every pod is up', async () => (await up()) === targets.length, PATIENCE_MS);
    const releases = await ask('count by (job) (mm2ss_build_info)');
    expect(releases.map(({ value }) => value[1])).toEqual([String(targets.length)]);
    expect(await ask('mm2ss_rtu_up == 1')).toHaveLength(2);
  });
});

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}
