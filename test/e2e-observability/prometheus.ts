/** A real Prometheus with the rules of deploy/prometheus, in quick time: it reads its targets every second. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asked, queriesOf, ruleFiles, THRESHOLD } from '@iec104mm2ss/monitoring';
import { freePort, until } from '../e2e/ports.ts';

export const JOB = 'mm2ss';
/** Long enough for three link tests, which come every 10 s. */
export const WINDOW = '25s';
const SCRAPE = '1s';
/** A machine that has other work makes them fire, and rightly so: nobody's fault here. */
const SLOWNESS = ['CommandSlow', 'EventLoopLag', 'LinkSlow'];

export type Labels = Readonly<Record<string, string>>;

export interface Target {
  readonly name: string;
  /** `host:port` */
  readonly http: string;
}
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}
interface ActiveAlert {
  readonly state: 'firing' | 'pending';
  readonly labels: Readonly<Record<string, string>>;
}
/** Thresholds of single groups, by alert. */
export type Thresholds = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface PrometheusOptions {
  /** Settings of its scrape job: where it finds its targets. Without it they are those of `setTargets`. */
  readonly discovery?: object;
  /** What is made of the rules; default: quick ones. */
  readonly rules?: (shipped: string) => string;
}

/** The same rules; what has to hold for minutes or hours has to for seconds, and looks as far back as a test can wait. */
const quick = (rules: string): string =>
  rules
    .replaceAll(/^(\s+for:) \w+$/gm, '$1 2s')
    .replaceAll(/\[(5|10|15|30)m\]/g, `[${WINDOW}]`)
    .replaceAll(/offset (5|10|15|30)m/g, `offset ${WINDOW}`)
    .replaceAll(/\[(?:2d:1m|1d:5m)\]/g, '[10m:1s]')
    .replaceAll('> 7200', '> 15');

export class Prometheus {
  /** Seconds since 1970. */
  readonly startedAt = Date.now() / 1000;

  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {}

  static async start(
    program: string,
    thresholds: Thresholds,
    { discovery = {}, rules = quick }: PrometheusOptions = {},
  ): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'mm2ss-prometheus-'));
    for (const [name, text] of ruleFiles()) await writeFile(join(folder, name), rules(text));
    const own = Object.entries(thresholds).flatMap(([alert, groups]) =>
      Object.entries(groups).map(([group, value]) => ({
        record: THRESHOLD,
        expr: `vector(${value})`,
        labels: { alert, group },
      })),
    );
    await writeFile(join(folder, 'thresholds.yaml'), JSON.stringify({ groups: [{ name: 'own', rules: own }] }));
    const job = {
      job_name: JOB,
      scrape_interval: SCRAPE,
      scrape_timeout: SCRAPE,
      file_sd_configs: [{ files: [join(folder, 'targets.json')], refresh_interval: SCRAPE }],
      ...discovery,
    };
    const config = {
      global: { evaluation_interval: SCRAPE },
      rule_files: [join(folder, '*.yaml')],
      scrape_configs: [job],
    };
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
    await writeFile(join(folder, 'targets.json'), '[]');
    const address = `127.0.0.1:${await freePort()}`;
    const logFile = join(folder, 'log');
    const log = await open(logFile, 'w');
    const process = spawn(
      program,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
        '--query.lookback-delta=10s',
      ],
      { stdio: ['ignore', 'ignore', log.fd] },
    );
    await log.close();
    const prometheus = new Prometheus(`http://${address}`, folder, process);
    await until('Prometheus answers', async () => {
      if (process.exitCode !== null) throw new Error(`Prometheus ended: ${await readFile(logFile, 'utf8')}`);
      return prometheus.ask('vector(1)').then(
        () => true,
        () => false,
      );
    });
    return prometheus;
  }

  /** From now on these, and no others. The name of a part is its instance. */
  async setTargets(targets: readonly Target[]): Promise<void> {
    const groups = targets.map(({ name, http }) => ({ targets: [http], labels: { instance: name } }));
    const file = join(this.folder, 'targets.json');
    await writeFile(`${file}.next`, JSON.stringify(groups));
    await rename(`${file}.next`, file);
  }

  ask(query: string): Promise<Series[]> {
    return this.result(`query?query=${encodeURIComponent(query)}`);
  }

  /** As a board does, over the time since the start. */
  range(query: string, stepSeconds = 5): Promise<Series[]> {
    const times = `start=${this.startedAt}&end=${Date.now() / 1000}&step=${stepSeconds}`;
    return this.result(`query_range?query=${encodeURIComponent(query)}&${times}`);
  }

  /**
   * Labels of the alerts that are firing, as the rules themselves have it: the series `ALERTS` is missing, too, where a machine is
   * too busy to evaluate them.
   */
  async firing(): Promise<Labels[]> {
    const { alerts } = await this.answer<{ readonly alerts: readonly ActiveAlert[] }>('alerts');
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels);
  }

  /** Those that tell of a fault, and not of a busy machine. */
  async faults(): Promise<readonly Labels[]> {
    return (await this.firing()).filter(({ alertname = '' }) => !SLOWNESS.includes(alertname));
  }

  /** Whether one of these alerts is firing: one with these labels, its name among them. */
  async isFiring(...wanted: readonly Labels[]): Promise<boolean> {
    const firing = await this.firing();
    return wanted.some((labels) =>
      firing.some((each) => Object.entries(labels).every(([name, value]) => each[name] === value)),
    );
  }

  /** Queries of a board that have no data for a group, with where they stand. */
  async withoutData(board: Parameters<typeof queriesOf>[0], group: string): Promise<string[]> {
    const empty: string[] = [];
    for (const { where, expr } of queriesOf(board)) {
      const query = asked(expr, { job: JOB, group, interval: WINDOW });
      if ((await this.range(query)).length === 0) empty.push(`${where}: ${query}`);
    }
    return empty;
  }

  async stop(): Promise<void> {
    const exited = once(this.process, 'exit');
    this.process.kill();
    await exited;
    await rm(this.folder, { recursive: true, force: true });
  }

  private async result(path: string): Promise<Series[]> {
    return (await this.answer<{ readonly result: Series[] }>(path)).result;
  }

  private async answer<Data>(path: string): Promise<Data> {
    const response = await fetch(`${this.url}/api/v1/${path}`);
    const { data, error } = (await response.json()) as { data?: Data; error?: string };
    if (data === undefined) throw new Error(error ?? 'no answer');
    return data;
  }
}
