import { describe, expect, it } from 'vitest';
import { hostOf, type LogLine, masterAddress, Multiplexer, oneGroup, startMaster, startRtu, until } from './harness.js';
import { attempt, RawRtu } from './raw-peer.js';

/** What is said in the log of whoever floods, in the first minute, at most: octets of JSON. */
const FLOOD_OCTETS = 60_000;
const STRANGER = '127.0.1.1';

interface LeftOutLine extends LogLine {
  readonly count: number;
  readonly kinds: Readonly<Record<string, number>>;
}

function leftOut({ lines }: Multiplexer): LeftOutLine[] {
  return lines.filter(({ msg }) => msg.startsWith('log lines')) as LeftOutLine[];
}

/** Lines of one address, with those that say what was left out. */
function linesOf({ lines }: Multiplexer, address: string): LogLine[] {
  return lines.filter(({ peer }) => peer === address || peer?.startsWith(`${address}:`) === true);
}

function octetsOf(lines: readonly LogLine[]): number {
  return lines.reduce((sum, line) => sum + JSON.stringify(line).length + 1, 0);
}

function written(lines: readonly LogLine[], msg: string): number {
  return lines.filter((line) => line.msg.startsWith(msg)).length;
}

/** Left out of a kind, as told. */
function told(mux: Multiplexer, kind: string): number {
  return leftOut(mux).reduce((sum, { kinds }) => {
    return sum + Object.entries(kinds).reduce((all, [each, count]) => (each.startsWith(kind) ? all + count : all), 0);
  }, 0);
}

/** The metric has no group. */
async function metricOf(mux: Multiplexer, series: string): Promise<number> {
  const line = (await mux.page('/metrics')).split('\n').find((text) => text.startsWith(`${series} `));
  return Number(line?.split(' ').at(-1));
}

const leftOutMetric = (mux: Multiplexer): Promise<number> => metricOf(mux, 'mm2ss_log_lines_left_out_total');

async function forMs(ms: number, step: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + ms;
  let count = 0;
  for (; performance.now() < end; count++) await step();
  return count;
}

/** A master of the group, and one of another group, have all lines of their own while somebody floods. */
async function expectHealthy(
  mux: Multiplexer,
  other: Multiplexer['ports'][number],
  flood: () => boolean,
): Promise<void> {
  expect(flood(), 'the flood goes on').toBe(true);
  for (const [port, group] of [
    [mux.port, '1'],
    [other, '2'],
  ] as const) {
    const master = await startMaster(port, 9);
    expect((await master.command('single 5000 on')).result).toBe('positive');
    await master.close();
    const own = (): LogLine[] => linesOf(mux, masterAddress(9)).filter((line) => line.group === group);
    await until(`the story of a healthy master of group ${group}`, () =>
      ['master connected', 'master started data transfer', 'command ', 'master disconnected'].every(
        (msg) => written(own(), msg) === 1,
      ),
    );
  }
}

/** What is tested is the log: connections may come as fast as they can. */
const OFTEN = { limits: { connects: 100_000, 'connect-burst': 100_000 } };

async function twoGroups(columns = {}): Promise<Multiplexer> {
  const rtus = [await startRtu(), await startRtu()];
  const mux = await Multiplexer.start(
    rtus.map((rtu) => ({ hosts: hostOf(rtu), ...columns })),
    OFTEN,
  );
  await mux.listening('1');
  await mux.listening('2');
  return mux;
}

describe('whoever floods', () => {
  it('a refused peer: one line at first, the rest counted; an attempt is one line', async () => {
    const mux = await twoGroups({ filter: '127.0.0.0/24' });
    let running = true;
    const hammering = forMs(3_000, () => attempt(mux.port, STRANGER)).finally(() => (running = false));
    await mux.logged({ msg: 'master refused' });
    await expectHealthy(mux, mux.ports[1] as number, () => running);
    const attempts = await hammering;
    const metric = await leftOutMetric(mux);
    const counted = await metricOf(mux, 'mm2ss_security_events_total{event="session_refused_filter"}');
    await mux.stop();

    const lines = linesOf(mux, STRANGER);
    expect(lines.map(({ msg }) => msg)).toEqual([expect.stringContaining('master refused'), 'log lines left out']);
    expect(leftOut(mux)).toMatchObject([
      {
        level: 'warn',
        group: '1',
        peer: STRANGER,
        count: attempts - 1,
        kinds: { 'master refused (filter)': attempts - 1 },
        event: 'events_left_out',
        events: { 'MM2SS:1.3': attempts - 1 },
      },
    ]);
    expect(counted).toBe(attempts);
    const numbers = mux.lines.flatMap(({ event_seq }) => (event_seq === undefined ? [] : [event_seq]));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(metric).toBe(attempts - 1);
    expect(attempts).toBeGreaterThan(50);
    expect(octetsOf(lines)).toBeLessThan(1_000);
  });

  it('many refused addresses: bounded together', async () => {
    const mux = await twoGroups({ filter: '127.0.0.0/24' });
    let number = 0;
    let running = true;
    const next = (): string => `127.${1 + (number >> 8)}.1.${number++ & 255}`;
    const hammering = forMs(3_000, () => Promise.all([attempt(mux.port, next()), attempt(mux.port, next())])).finally(
      () => (running = false),
    );
    await until('hundreds of addresses', () => number > 400);
    await expectHealthy(mux, mux.ports[1] as number, () => running);
    await hammering;
    await mux.stop();
    const refused = written(mux.lines, 'master refused');
    expect(refused).toBe(200);
    expect(refused + told(mux, 'master refused')).toBe(number);
  });

  it('a flood of valid commands: each is audited, few are logged', async () => {
    const mux = await twoGroups();
    const master = await startMaster(mux.port, 1);
    let running = true;
    const flood = forMs(3_000, () => master.command('single 5000 on')).finally(() => (running = false));
    await until('many commands', () => mux.audits.length > 100);
    await expectHealthy(mux, mux.ports[1] as number, () => running);
    const commands = await flood;
    const mine = (): number => mux.audits.filter(({ peer }) => String(peer).startsWith(masterAddress(1))).length;
    await until('all audit records', () => mine() === commands);
    await mux.stop();
    const lines = linesOf(mux, masterAddress(1));
    expect(written(lines, 'command ') + told(mux, 'command ')).toBe(commands);
    expect(octetsOf(lines)).toBeLessThan(FLOOD_OCTETS);
  });

  it('connections that are started and closed again and again: each is counted', async () => {
    const mux = await twoGroups();
    let running = true;
    const storm = forMs(3_000, () => attempt(mux.port, masterAddress(1))).finally(() => (running = false));
    await until('many connections', () => written(mux.lines, 'master connected') > 10);
    await expectHealthy(mux, mux.ports[1] as number, () => running);
    const connections = await storm;
    await until('the end of all of them', async () => (await mux.group()).masters.length === 0);
    await mux.stop();
    const lines = linesOf(mux, masterAddress(1));
    for (const msg of ['master connected', 'master disconnected']) {
      expect([msg, written(lines, msg) + told(mux, msg)]).toEqual([msg, connections]);
    }
    expect(connections).toBeGreaterThan(100);
    expect(octetsOf(lines)).toBeLessThan(FLOOD_OCTETS);
    expect(octetsOf(mux.lines)).toBeLessThan(2 * FLOOD_OCTETS);
  });

  it('an RTU that accepts and closes: its story has an end, and others have theirs', async () => {
    const healthy = await startRtu();
    const rtu = await RawRtu.start();
    let links = 0;
    rtu.onConnection = (peer) => {
      links++;
      peer.close();
    };
    const { host, port } = rtu.address;
    const mux = await Multiplexer.start([{ hosts: `${host}:${port}` }, { hosts: hostOf(healthy) }]);
    await mux.listening('2');
    const connected = (): number =>
      written(
        mux.lines.filter(({ group }) => group === '1'),
        'RTU connected',
      );
    await until('some links', () => links >= 4, 20_000);
    rtu.stop();
    await until('the last link', () => connected() === links);
    await mux.stop();
    expect(connected() + told(mux, 'RTU connected')).toBe(links);
    expect(octetsOf(mux.lines.filter(({ group }) => group === '1'))).toBeLessThan(FLOOD_OCTETS);
    expect(mux.lines.filter(({ group, msg }) => group === '2' && msg === 'RTU connected')).toHaveLength(1);
  });

  it('in order, nothing is left out', async () => {
    const { mux } = await oneGroup();
    for (let i = 0; i < 10; i++) {
      const master = await startMaster(mux.port, 1);
      expect((await master.command('single 5000 on')).result).toBe('positive');
      await master.close();
    }
    await until('ten ends', () => written(mux.lines, 'master disconnected') === 10);
    expect(await leftOutMetric(mux)).toBe(0);
    await mux.stop();
    expect(leftOut(mux)).toEqual([]);
  });
});
