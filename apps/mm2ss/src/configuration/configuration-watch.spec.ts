import { type ConfigurationFile, configurationFile } from '@iec104mm2ss/config';
import { createLogger, createRegistry, type Registry } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationWatch, POLL_MS, REMOVAL_SETTLE_MS, SETTLE_MS } from './configuration-watch.js';

const HEADER = 'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter';
const row = (id: number, name = `RTU ${id}`, rest = ''): string =>
  `${id},${name},${2500 + id},${id},8,60,15,10,20,8,12,1000,N,all,127.0.0.${id}:2404,${rest}`;
const csv = (...rows: readonly string[]): string => [HEADER, ...rows, ''].join('\n');

let clock: FakeClock;
let content: string | Error;
let lines: string[];
let applied: string[];
let failing: boolean;
let refused: string | null | undefined;
let registry: Registry;
let watch: ConfigurationWatch;

beforeEach(() => {
  clock = new FakeClock();
  content = csv(row(1), row(2));
  lines = [];
  applied = [];
  failing = false;
  refused = undefined;
  registry = createRegistry({ processMetrics: false });
  const { logger } = createLogger({ destination: { write: (line) => void lines.push(line) } });
  watch = new ConfigurationWatch(fileOf(content), {
    clock,
    logger,
    registry,
    read: () => (typeof content === 'string' ? Promise.resolve(Buffer.from(content)) : Promise.reject(content)),
    apply: ({ digest, configuration }, { added, removed, changed }) => {
      const ids = configuration.groups.map(({ id }) => id).join();
      applied.push(`${digest}: ${ids}: +${added.length} -${removed.length} ~${changed.length}`);
      return failing ? Promise.reject(new Error('a part broke')) : Promise.resolve();
    },
    refused: (reason) => (refused = reason),
  });
});
afterEach(() => watch.stop());

function fileOf(text: string): ConfigurationFile {
  return configurationFile('x.csv', Buffer.from(text));
}

/** Real turns between steps of the clock, for promises. */
async function passes(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
}

/** As SIGHUP, with the time that it takes. */
async function reload(): Promise<void> {
  const reloading = watch.reload();
  await passes(2 * SETTLE_MS);
  await reloading;
}

const said = (text: string): number => lines.filter((line) => line.includes(text)).length;

describe('the configuration file', () => {
  it('is taken when its content has changed, and stayed so for a moment', async () => {
    watch.start();
    await passes(10 * POLL_MS);
    expect(applied).toEqual([]);
    content = csv(row(1), row(2, 'other'), row(3));
    const { digest } = fileOf(content);
    await passes(POLL_MS + SETTLE_MS);
    expect(applied).toEqual([`${digest}: 1,2,3: +1 -0 ~1`]);
    expect(refused).toBeNull();
    expect(said('new: 3; changed: 2')).toBe(1);
    await passes(10 * POLL_MS);
    expect(applied).toHaveLength(1);
  });

  it('that is being written is not taken before it is whole', async () => {
    watch.start();
    const whole = csv(row(1), row(2), row(3));
    for (let length = 100; length < whole.length; length += 20) {
      content = whole.slice(0, length);
      await passes(SETTLE_MS);
    }
    expect(applied).toEqual([]);
    content = whole;
    await passes(POLL_MS + SETTLE_MS);
    expect(applied).toEqual([`${fileOf(whole).digest}: 1,2,3: +1 -0 ~0`]);
    expect(watch.refusals).toBe(0);
  });

  const missing = new Error('configuration file x.csv: does not exist');
  it.each<[string, string | Error, string]>([
    ['empty', '', 'empty'],
    ['without a group', HEADER, 'no group'],
    ['no CSV at all', '\u0000\u0001\u0002', 'no header row'],
    ['with a fault in a row', csv(row(1), row(2).replace(',15,', ',999,')), 'row 3, t1'],
    ['with a fault in a new row', csv(row(1), row(2), row(3, 'x', 'nonsense')), 'row 4, filter'],
    ['with a port twice', csv(row(1), row(2), row(3).replace('2503', '2501')), 'port 2501'],
    ['cut in its last row', csv(row(1), row(2)).slice(0, -20), 'middle of a line'],
    ['with an id that is none', csv(row(1), row(2).replace('2,', 'x2,')), 'is not a number'],
    ['with a heading that is nearly one', csv(row(1), row(2)).replace(',filter', ',filtr'), 'filtr'],
    ['without a column', csv(row(1), row(2)).replaceAll(/,[^,\n]*(?=\n)/g, ''), 'columns missing'],
    ['gone', missing, 'does not exist'],
  ])('that is %s changes nothing, and is said once', async (_what, bad, reason) => {
    watch.start();
    content = bad;
    await passes(20 * POLL_MS);
    expect(applied).toEqual([]);
    expect(said('nothing changes')).toBe(1);
    expect(refused).toContain(reason);
    expect(lines.join('')).toContain(reason);
    expect(watch.refusals).toBe(1);
    // Asked again, it answers again.
    await reload();
    expect(said('nothing changes')).toBe(2);
    content = csv(row(1), row(2));
    await passes(POLL_MS);
    expect(refused).toBeNull();
    expect(said('the one in force again')).toBe(1);
    content = csv(row(1));
    await passes(POLL_MS + SETTLE_MS);
    expect(applied).toEqual([]);
    await passes(REMOVAL_SETTLE_MS);
    expect(applied).toHaveLength(1);
  });

  it('that is written row by row takes nothing away on the way', async () => {
    watch.start();
    content = csv();
    for (const next of [csv(row(1)), csv(row(1)), csv(row(1), row(2), row(3))]) {
      await passes(2_000);
      content = next;
    }
    await passes(POLL_MS + SETTLE_MS);
    expect(applied).toEqual([`${fileOf(content).digest}: 1,2,3: +1 -0 ~0`]);
  });

  it('may not have in one row the fault that another one had', async () => {
    const faulty = (id: number): string => row(id).replace(',15,', ',999,');
    await watch.stop();
    content = csv(row(1), faulty(2), row(3));
    watch = new ConfigurationWatch(fileOf(content), {
      ...{ clock, registry: createRegistry({ processMetrics: false }) },
      logger: createLogger({ destination: { write: (line) => void lines.push(line) } }).logger,
      read: () => Promise.resolve(Buffer.from(content as string)),
      apply: () => Promise.reject(new Error('must not be taken')),
      refused: (reason) => (refused = reason),
    });
    content = csv(row(1), faulty(3));
    await reload();
    expect(refused).toContain('row 3, t1');
  });

  it('may get a column where columns were missing before, too', async () => {
    await watch.stop();
    const short = (extra: string, cell: string): string =>
      `id,sys name,port no,rtu no,hosts${extra}\n1,RTU 1,2501,1,127.0.0.1:2404${cell}\n`;
    content = short('', '');
    watch = new ConfigurationWatch(fileOf(content), {
      ...{ clock, registry: createRegistry({ processMetrics: false }) },
      logger: createLogger({ destination: { write: (line) => void lines.push(line) } }).logger,
      read: () => Promise.resolve(Buffer.from(content as string)),
      apply: () => Promise.resolve(void applied.push('taken')),
      refused: (reason) => (refused = reason),
    });
    content = short(',rights', ',*=monitor');
    await reload();
    expect([applied, refused]).toEqual([['taken'], null]);
  });

  it('may have a column for people', async () => {
    content = csv(row(1), row(2)).replace(',filter', ',filter,remark');
    await reload();
    expect(applied).toHaveLength(1);
  });

  it('may keep the faults that it had when it was loaded', async () => {
    const faulty = row(9).replace(',15,', ',999,');
    await watch.stop();
    lines = [];
    content = csv(row(1), faulty);
    watch = new ConfigurationWatch(fileOf(content), {
      clock,
      registry: createRegistry({ processMetrics: false }),
      logger: createLogger({ destination: { write: (line) => void lines.push(line) } }).logger,
      read: () => Promise.resolve(Buffer.from(content as string)),
      apply: ({ configuration }) => {
        applied.push(configuration.groups.map(({ id }) => id).join());
        return Promise.resolve();
      },
      refused: (reason) => (refused = reason),
    });
    content = csv(row(1), row(2), faulty);
    await reload();
    expect(applied).toEqual(['1,2']);
    content = csv(row(1), row(2), faulty, row(8).replace(',15,', ',999,'));
    await reload();
    expect(applied).toEqual(['1,2']);
  });

  it('is read at once when somebody asks, and the answer is in the log', async () => {
    await reload();
    expect(said('is the one in force')).toBe(1);
    content = csv(row(2));
    await reload();
    expect(applied).toEqual([`${fileOf(content).digest}: 2: +0 -1 ~0`]);
    content = missing;
    await reload();
    expect(said('does not exist')).toBe(1);
  });

  it('is in force also when a part could not take it, and that is said', async () => {
    failing = true;
    content = csv(row(1));
    await reload();
    expect(said('in force only in part')).toBe(1);
    expect(refused).toBeNull();
  });

  it('shows in metrics what is in force', async () => {
    const { digest } = fileOf(csv(row(1), row(2)));
    content = '';
    await reload();
    const text = await registry.metrics();
    expect(text).toContain(`mm2ss_config_info{digest="${digest}"} 1`);
    expect(text).toContain('mm2ss_config_in_force 0');
    expect(text).toContain('mm2ss_config_reloads_total{outcome="refused"} 1');
  });

  it('says what its general settings would need', async () => {
    content = `ntp_server,10.0.0.1\n${csv(row(1), row(2))}`;
    await reload();
    expect(said('count from the next start')).toBe(1);
    expect(said('no group is concerned')).toBe(1);
  });
});
