/** docker/compose.yaml and what it mounts, as far as it can be judged without running it. */
import { globSync, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readConfiguration } from '@iec104mm2ss/config';
import { loadStations } from '@iec104mm2ss/simulator';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../..');
const DOCKER = join(ROOT, 'docker');
const read = (name: string): string => readFileSync(join(DOCKER, name), 'utf8');

interface Service {
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
}
const compose = parse(read('compose.yaml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};
const services = Object.entries(compose.services);

/** Names of metrics that the sources make, and those of every Node.js process. */
const sources = globSync(['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts', 'services/*/src/**/*.ts'], { cwd: ROOT })
  .map((name) => readFileSync(join(ROOT, name), 'utf8'))
  .join('\n');

describe('docker/compose.yaml', () => {
  it('mounts files that are there, and waits for services that are', () => {
    for (const [name, { volumes = [], depends_on = [] }] of services) {
      const mounted = volumes.map((volume) => volume.split(':')[0] ?? '').filter((path) => path.startsWith('.'));
      for (const path of mounted) expect(existsSync(join(DOCKER, path)), `${name}: ${path}`).toBe(true);
      const awaited = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on);
      for (const other of awaited) expect(Object.keys(compose.services), name).toContain(other);
    }
  });

  it('has a connector for each group of its file, and an RTU where the file says', async () => {
    const { groups, problems } = await readConfiguration(join(DOCKER, 'groups.csv'));
    expect(problems).toEqual([]);
    expect(groups.map(({ id }) => `connector-${id}`)).toEqual(
      services.map(([name]) => name).filter((name) => name.startsWith('connector')),
    );
    expect(compose.services['rtus']?.command?.slice(0, 2)).toEqual(['simulate', 'rtus']);
    // With the IO files where the container has them.
    const { stations, reports } = loadStations(join(DOCKER, 'iec104rs.csv'), join(ROOT, 'examples/simulator/data'));
    expect(reports.flatMap((report) => report.problems)).toEqual([]);
    const rtus = stations.map(({ station: { port, rtuNumber } }) => ({ at: `rtus:${port}`, rtuNumber }));
    expect(groups.map(({ hosts: [host], rtuNumber }) => ({ at: `${host?.host}:${host?.port}`, rtuNumber }))).toEqual(
      rtus,
    );
  });

  it('lets Prometheus ask every part', () => {
    const { scrape_configs: jobs } = parse(read('prometheus.yml')) as {
      scrape_configs: [{ dns_sd_configs: [{ names: string[] }] }];
    };
    const parts = services.filter(([, { command = [] }]) =>
      ['connector', 'router', 'gateway'].includes(command[0] ?? ''),
    );
    expect(jobs[0].dns_sd_configs[0].names).toEqual(parts.map(([name]) => name));
  });
});

describe('the Grafana boards', () => {
  it.each(globSync('grafana/boards/*.json', { cwd: DOCKER }))('%s asks for metrics that there are', (name) => {
    const { panels } = JSON.parse(read(name)) as { panels: { title: string; targets: { expr: string }[] }[] };
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        const metrics = [...expr.matchAll(/\bmm2ss_\w+/g)].map(([metric]) => metric.replace(/_bucket$/, ''));
        for (const metric of metrics) expect(sources, title).toContain(`'${metric}'`);
      }
    }
  });
});
