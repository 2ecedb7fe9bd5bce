import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cause, clockSync, epochMsToCp56, interrogation, mirror, singleCommand, TypeId } from '@iec104mm2ss/iec104';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Columns, csvOf, freePort, hostOf, masterAddress, Multiplexer, until } from './harness.js';
import { attempt, type RawPeer, RawRtu, startedRawMaster } from './raw-peer.js';
import { SntpServer } from './sntp-server.js';

const CA = 47;
const MASTERS = 'A=127.0.0.11;B=127.0.0.12;C=127.0.0.13';
const NEGATIVE = 0x40;

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const number = (value: number, octets: number): string =>
  Array.from({ length: octets }, (_, i) => ((value >>> (8 * i)) & 0xff).toString(16).padStart(2, '0')).join('');

/** An ASDU with one object. */
function asdu(typeId: number, ioa: number, element: string, cot: number = Cause.ACT, ca = CA): string {
  return `${number(typeId, 1)}01${number(cot, 1)}00${number(ca, 2)}${number(ioa, 3)}${element}`;
}

/** What was received of commands: without the OA, which is the multiplexer's business. */
const withoutOa = (text: string): string => `${text.slice(0, 6)}00${text.slice(8)}`;
const seenBy = (rtu: RawRtu): string[] => rtu.connections.flatMap(({ asdus }) => asdus).map(withoutOa);
/** Answers with P/N = 1 that a master has got, as the commands that it gave. */
const refusedAt = (master: RawPeer): string[] =>
  master.asdus.filter((text) => (parseInt(text.slice(4, 6), 16) & NEGATIVE) !== 0);

/** A station that confirms and terminates everything that is confirmed at all. */
function answerAll(rtu: RawRtu): void {
  rtu.onConnection = (peer) => {
    peer.onApdu = ({ format, asdu: text }) => {
      const typeId = parseInt(text.slice(0, 2), 16);
      if (format !== 'I' || typeId >= TypeId.F_FR_NA_1 || typeId === TypeId.C_RD_NA_1) return;
      const octets = Buffer.from(text, 'hex');
      peer.sendI(mirror(octets, Cause.ACT_CON, false), mirror(octets, Cause.ACT_TERM, false));
    };
  };
}

async function setUp(columns: Columns, options: Parameters<typeof Multiplexer.start>[1] = {}) {
  const rtu = await RawRtu.start();
  answerAll(rtu);
  const row: Columns = { 'port no': await freePort(), hosts: hostOf(rtu), masters: MASTERS, ...columns };
  const mux = await Multiplexer.start([row], options);
  await mux.listening();
  return { rtu, mux, row };
}

/** A file that is watched, for a multiplexer whose configuration changes. */
function watchedFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mm2ss-rights-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'groups.csv');
}

const TIME = '0000000c010119';
/** One command of each type of the control direction, by class. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  monitor: [
    asdu(100, 0, '14'),
    asdu(101, 0, '05'),
    asdu(102, 1000, '', Cause.REQ),
    asdu(104, 0, 'aa55'),
    asdu(107, 0, `0100${TIME}`),
  ],
  control: [
    asdu(45, 5000, '01'),
    asdu(46, 5001, '01'),
    asdu(47, 5002, '01'),
    asdu(48, 5003, '000000'),
    asdu(49, 5004, '000000'),
    asdu(50, 5005, '0000000000'),
    asdu(51, 5006, '00000000'),
    asdu(58, 5007, `01${TIME}`),
    asdu(59, 5008, `01${TIME}`),
    asdu(60, 5009, `01${TIME}`),
    asdu(61, 5010, `000000${TIME}`),
    asdu(62, 5011, `000000${TIME}`),
    asdu(63, 5012, `0000000000${TIME}`),
    asdu(64, 5013, `00000000${TIME}`),
    asdu(101, 0, '45'),
    asdu(200, 5014, '01'),
  ],
  clock: [asdu(103, 0, TIME), asdu(106, 0, '0100')],
  parameters: [
    asdu(110, 6000, '000000'),
    asdu(111, 6001, '000000'),
    asdu(112, 6002, '0000000000'),
    asdu(113, 6003, '01'),
  ],
  files: [asdu(120, 7000, '0100' + '000000' + '00', Cause.FILE), asdu(122, 7001, '01000000', Cause.REQ)],
  reset: [asdu(105, 0, '01')],
};
const ALL = Object.values(COMMANDS).flat();
const of = (...classes: string[]): string[] => classes.flatMap((name) => COMMANDS[name] ?? []);

describe('rights of masters', () => {
  it.each([
    ['all', ['monitor', 'control', 'clock', 'parameters', 'files', 'reset']],
    ['monitor', ['monitor']],
    ['control', ['monitor', 'control']],
    ['clock+files', ['monitor', 'clock', 'files']],
    ['parameters+reset', ['monitor', 'parameters', 'reset']],
  ])('%s: the RTU sees what is allowed and nothing else, the rest is refused with P/N = 1', async (rights, classes) => {
    const { rtu, mux } = await setUp({ rights: `A=${rights}`, t1: 30 });
    const a = await startedRawMaster(mux.port, 1);
    await rtu.started();
    const allowed = of(...classes);
    for (const command of ALL) {
      const before = seenBy(rtu).length + refusedAt(a).length;
      a.sendI(command);
      await until(`what becomes of ${command}`, () => seenBy(rtu).length + refusedAt(a).length > before);
    }
    expect(seenBy(rtu)).toEqual(allowed);
    const refused = ALL.filter((command) => !allowed.includes(command));
    // As given, but for the cause: ACT_CON, and of a file its own.
    expect(refusedAt(a).map((text) => text.slice(0, 4) + text.slice(6))).toEqual(
      refused.map((command) => command.slice(0, 4) + command.slice(6)),
    );
    for (const text of refusedAt(a)) {
      const isFile = parseInt(text.slice(0, 2), 16) >= 120 && parseInt(text.slice(0, 2), 16) < 128;
      expect(parseInt(text.slice(4, 6), 16)).toBe(NEGATIVE | (isFile ? Cause.FILE : Cause.ACT_CON));
    }
    if (refused.length === 0) return;
    await until(
      'a record of each',
      () => mux.audits.filter(({ outcome }) => /^refused: no right to/.test(String(outcome))).length === refused.length,
    );
    expect(await mux.logged({ event: 'command_not_allowed' })).toMatchObject({
      event_id: 'MM2SS:3.1',
      severity: 'warning',
      group: '1',
      identity: 'A',
      peer: expect.stringContaining('127.0.0.11'),
    });
    expect(await mux.metric('mm2ss_commands_denied_total', { rule: 'rights' })).toBe(refused.length);
  });

  it('limited to objects hold for these, and for no private type and no command to all stations', async () => {
    const { rtu, mux } = await setUp({ rights: 'A=control@5000-5999,6100+reset@ca:47;B=monitor' });
    const [a, b] = [await startedRawMaster(mux.port, 1), await startedRawMaster(mux.port, 2)];
    await rtu.started();
    const allowed = [asdu(45, 5000, '01'), asdu(45, 6100, '01'), asdu(105, 0, '01')];
    const denied = [
      asdu(45, 4999, '01'),
      asdu(45, 6000, '01'),
      asdu(200, 5000, '01'),
      asdu(105, 0, '01', Cause.ACT, 65535),
    ];
    for (const command of [...denied, ...allowed]) a.sendI(command);
    b.sendI(asdu(45, 5000, '00'));
    await until('all of them', () => seenBy(rtu).length === allowed.length && refusedAt(a).length === denied.length);
    await until('the answer of B', () => refusedAt(b).length === 1);
    expect(seenBy(rtu)).toEqual(allowed);
    // Nobody sees what another one was refused.
    expect(refusedAt(b)).toEqual([hex(mirror(Buffer.from(asdu(45, 5000, '00'), 'hex'), Cause.ACT_CON, true))]);
  });

  it('none: the connection is refused, and nobody else is', async () => {
    const { mux } = await setUp({ rights: 'A=all;B=none;127.0.0.15=monitor' });
    expect(await attempt(mux.port, masterAddress(2))).toBe('closed');
    expect(await attempt(mux.port, masterAddress(4))).toBe('closed');
    expect(await attempt(mux.port, masterAddress(1))).toBe('accepted');
    expect(await attempt(mux.port, masterAddress(5))).toBe('accepted');
    expect(await mux.logged({ reason: 'rights' })).toMatchObject({ msg: expect.stringContaining('B has no rights') });
    expect(await mux.metric('mm2ss_masters_refused_total', { reason: 'rights' })).toBe(2);
  });

  it('that change count at once: a select is worth nothing any more, and whoever has none is disconnected', async () => {
    const file = watchedFile();
    const { rtu, mux, row } = await setUp({ rights: 'A=control;B=monitor;C=control' }, { file });
    const a = await startedRawMaster(mux.port, 1);
    const b = await startedRawMaster(mux.port, 2);
    const c = await startedRawMaster(mux.port, 3);
    await rtu.started();
    const [select, execute] = [asdu(45, 5000, '81'), asdu(45, 5000, '01')];
    a.sendI(select);
    await until('the select at the RTU', () => seenBy(rtu).length === 1);
    await until('its confirmation', () => a.asdus.length >= 3);

    writeFileSync(file, csvOf([{ ...row, rights: 'A=monitor;B=control;C=none' }]));
    await mux.reload();
    await until('C is disconnected', () => c.closed);
    expect(await mux.logged({ event: 'rights_changed', name: 'A' })).toMatchObject({ event_id: 'MM2SS:3.6' });
    a.sendI(execute);
    await until('A is refused', () => refusedAt(a).length === 1);
    // The RTU still has it selected: nobody may execute that.
    b.sendI(execute);
    await until('B is refused, too', () => refusedAt(b).length === 1);
    await mux.audit({ name: 'B', outcome: 'refused: its selection was cancelled' });
    b.sendI(select);
    await until('a select of its own', () => seenBy(rtu).length === 2);
    await until('the confirmation', () => b.asdus.length >= 4);
    b.sendI(execute);
    await until('and its execute', () => seenBy(rtu).length === 3);
    expect(seenBy(rtu)).toEqual([select, select, execute]);

    writeFileSync(file, csvOf([row]));
    await mux.reload();
    await until('C may come again', async () => (await attempt(mux.port, masterAddress(3))) === 'accepted');
    expect([a.closed, b.closed]).toEqual([false, false]);
  });
});

describe('observe mode', () => {
  const command = hex(singleCommand(CA, 5000, true));
  const gi = hex(interrogation(CA));

  it('that an operator begins refuses all but monitoring until it is ended', async () => {
    const { rtu, mux } = await setUp({});
    const a = await startedRawMaster(mux.port, 1);
    await rtu.started();
    const select = asdu(45, 5000, '81');
    a.sendI(select);
    await until('the select', () => seenBy(rtu).length === 1);
    expect(await mux.control('observe', { group: '1', mode: 'on' })).toMatchObject({ ok: true });
    expect((await mux.group()).observe?.reason).toContain('asked for by 127.0.0.1');
    expect(await mux.metric('mm2ss_group_observe')).toBe(1);
    expect(await mux.logged({ event: 'observe_on' })).toMatchObject({ event_id: 'MM2SS:3.2' });

    for (const each of ALL) a.sendI(each);
    const refused = ALL.length - of('monitor').length;
    await until('all are answered', () => refusedAt(a).length === refused && seenBy(rtu).length === 6);
    expect(seenBy(rtu).slice(1)).toEqual(of('monitor'));
    await mux.audit({ outcome: 'refused: observe mode' });

    expect(await mux.control('observe', { group: '1', mode: 'off' })).toMatchObject({ ok: true });
    expect((await mux.group()).observe).toBe(null);
    expect(await mux.metric('mm2ss_group_observe')).toBe(0);
    await mux.logged({ event: 'observe_off' });
    // What was selected before may not be executed now; what is given anew may.
    a.sendI(asdu(45, 5000, '01'));
    await until('it is refused', () => refusedAt(a).length === refused + 1);
    a.sendI(asdu(45, 5001, '01'));
    await until('another one is not', () => seenBy(rtu).length === 7);
  });

  it('begins when the link of the RTU is lost too often, and outlasts that', async () => {
    const { rtu, mux } = await setUp({ observe: 'link:2/min' });
    const opened = (): number => mux.lines.filter(({ msg }) => msg === 'listening for masters').length;
    for (let lost = 0; lost < 2; lost++) {
      await until('the listener', () => opened() === lost + 1);
      expect((await mux.group()).observe).toBe(null);
      rtu.peer.close();
    }
    await mux.logged({ event: 'observe_on', reason: "the RTU's link was lost 2 times in 60 s" });
    await until('listening again', () => opened() === 3);
    const a = await startedRawMaster(mux.port, 1);
    const before = seenBy(rtu).length;
    a.sendI(command, gi);
    await until('one refused, one passed', () => refusedAt(a).length === 1 && seenBy(rtu).length === before + 1);
    expect(seenBy(rtu).at(-1)).toBe(gi);

    expect(await mux.control('observe', { group: '1', mode: 'off' })).toMatchObject({ ok: true });
    a.sendI(command);
    await until('it is over', () => seenBy(rtu).at(-1) === command);
  });

  it('Y is on for as long as the file says so', async () => {
    const file = watchedFile();
    const { rtu, mux, row } = await setUp({ observe: 'Y' }, { file });
    const a = await startedRawMaster(mux.port, 1);
    await rtu.started();
    a.sendI(command);
    await until('it is refused', () => refusedAt(a).length === 1);
    expect(await mux.control('observe', { group: '1', mode: 'off' })).toMatchObject({
      ok: false,
      message: expect.stringContaining('observe = Y'),
    });
    writeFileSync(file, csvOf([{ ...row, observe: 'N' }]));
    await mux.reload();
    a.sendI(command);
    await until('it is sent', () => seenBy(rtu).length === 1);
    expect(seenBy(rtu)).toEqual([command]);
  });
});

describe('the clock of the RTU', () => {
  const at = (offMs: number, zone?: { su: boolean }): string =>
    hex(clockSync(CA, epochMsToCp56(Date.now() + offMs, zone)));

  async function withTime(columns: Columns) {
    const all = await setUp(columns, { ntpServers: [(await SntpServer.start()).address] });
    const [a, b] = [await startedRawMaster(all.mux.port, 1), await startedRawMaster(all.mux.port, 2)];
    await all.rtu.started();
    await all.mux.logged({ msg: 'NTP: offset of the clock' });
    return { ...all, a, b };
  }

  it('is set by every master, but to no time that is more than a minute wrong', async () => {
    const { rtu, mux, a } = await withTime({});
    const [right, early, late] = [at(0), at(-90_000), at(90_000)];
    a.sendI(early, late, hex(clockSync(CA, { ...epochMsToCp56(Date.now()), month: 0 })), right);
    await until('all of them', () => refusedAt(a).length === 3 && seenBy(rtu).length === 1);
    expect(seenBy(rtu)).toEqual([right]);
    expect(await mux.logged({ event: 'clock_refused' })).toMatchObject({
      event_id: 'MM2SS:3.5',
      reason: expect.stringMatching(/its time is -(9|10)\d s off the synchronised time here/),
    });
    // How late it is depends on how busy the machine is.
    await until('a record', () =>
      mux.audits.some(({ outcome }) => /^refused: its time is [789]\d s off/.test(String(outcome))),
    );
  });

  it('is set by the one who is named only', async () => {
    const { rtu, a, b } = await withTime({ clock: 'B' });
    const right = at(0);
    a.sendI(right);
    await until('A is refused', () => refusedAt(a).length === 1);
    b.sendI(right);
    await until('B is not', () => seenBy(rtu).length === 1);
    expect(refusedAt(b)).toEqual([]);
  });

  it('is set by nobody', async () => {
    const { rtu, a } = await withTime({ clock: 'refuse' });
    a.sendI(at(0), hex(interrogation(CA)));
    await until('refused', () => refusedAt(a).length === 1 && seenBy(rtu).length === 1);
    expect(seenBy(rtu)).toEqual([hex(interrogation(CA))]);
  });

  it('local: the answer comes from here, to one master alone, and the RTU gets nothing', async () => {
    const { rtu, mux, a, b } = await withTime({ clock: 'local' });
    const right = at(0);
    const toAll = hex(clockSync(65535, epochMsToCp56(Date.now())));
    a.sendI(right, toAll, at(-90_000));
    await until('answers', () => a.asdus.length >= 4);
    expect(a.asdus.slice(1, 3)).toEqual([
      hex(mirror(Buffer.from(right, 'hex'), Cause.ACT_CON, false)),
      // Each station answers a command to all of them with its own address.
      hex(mirror(Buffer.from(toAll.slice(0, 8) + number(CA, 2) + toAll.slice(12), 'hex'), Cause.ACT_CON, false)),
    ]);
    expect(refusedAt(a)).toHaveLength(1);
    await mux.audit({ outcome: 'answered here (clock = local)' });
    expect(seenBy(rtu)).toEqual([]);
    expect(b.asdus).toHaveLength(1);
  });

  it('local without a synchronised clock: it is refused, and the RTU gets nothing', async () => {
    const { rtu, mux } = await setUp({ clock: 'local' });
    const a = await startedRawMaster(mux.port, 1);
    await rtu.started();
    a.sendI(at(0));
    await until('it is refused', () => refusedAt(a).length === 1);
    await mux.logged({ event: 'clock_refused' });
    expect(seenBy(rtu)).toEqual([]);
  });
});
