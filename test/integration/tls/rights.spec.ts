/** What a master may do is said by its certificate: rights, and how long it stays. */
import { Cause, mirror, singleCommand } from '@iec104mm2ss/iec104';
import { type CertificateAuthority, type IssuedCertificate, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Columns, freePort, hostOf, Multiplexer, until } from '../harness.js';
import { type RawPeer, RawRtu } from '../raw-peer.js';
import { dial, newAuthority, openssl, tls, turnedAway } from './scene.js';

const CA = 47;
const NEGATIVE = 0x40;
/** The files are read every two seconds, and once more half a second later. */
const RELOAD_MS = 9_000;

const command = (ioa: number, select = false): string =>
  Buffer.from(singleCommand(CA, ioa, true, { select })).toString('hex');
/** Objects of commands: what the RTU has seen, and what a master was refused. */
const ioaOf = (asdu: string): number => Buffer.from(asdu, 'hex').readUIntLE(6, 3);
const isCommand = (asdu: string): boolean => asdu.startsWith('2d');
const refusedAt = ({ asdus }: RawPeer): number[] =>
  asdus.filter((asdu) => isCommand(asdu) && (Number(`0x${asdu.slice(4, 6)}`) & NEGATIVE) !== 0).map(ioaOf);

describe.skipIf(!openssl)('masters over TLS', () => {
  let ca: CertificateAuthority;
  let own: IssuedCertificate;
  beforeAll(() => {
    ca = newAuthority();
    own = ca.issue({ cn: 'mm2ss' });
  });
  afterAll(() => ca.remove());

  const scene = async (columns: Columns, changes: Parameters<typeof tls>[1] = {}) => {
    const folder = new TlsFolder(tlsFiles(own, [ca.certificate], [ca.crl()]));
    onTestFinished(() => folder.remove());
    const rtu = await RawRtu.start();
    rtu.onConnection = (peer) => {
      peer.onApdu = ({ format, asdu }) => {
        if (format !== 'I') return;
        const octets = Buffer.from(asdu, 'hex');
        peer.sendI(mirror(octets, Cause.ACT_CON, false), mirror(octets, Cause.ACT_TERM, false));
      };
    };
    const row = { 'tls port': await freePort(), 'port no': await freePort(), hosts: hostOf(rtu), ...columns };
    const mux = await Multiplexer.start([row], { tls: tls(folder, changes) });
    await mux.listening();
    const master = async (cn: string, n: number): Promise<RawPeer> => {
      const peer = await dial(mux.port, n, ca.issue({ cn }));
      await peer.startDataTransfer();
      return peer;
    };
    const seen = (): number[] => rtu.connections.flatMap(({ asdus }) => asdus.filter(isCommand)).map(ioaOf);
    return { folder, rtu, mux, master, seen };
  };

  it('get the rights of their certificate, wherever they come from; a stranger at their address does not', async () => {
    const { rtu, mux, master, seen } = await scene({
      masters: 'A=127.0.0.11,cn:a;B=127.0.0.12,cn:b',
      'tls names': 'cn:a;cn:b;cn:feeder-7;cn:feeder-8;cn:stranger',
      rights:
        'A=control;B=monitor;cn:feeder-7=control@7000-7999;cn:feeder-8=control@8000-8999;127.0.0.11=all;*=monitor',
    });
    const a = await master('a', 5);
    await rtu.started();
    const b = await master('b', 1);
    const feeders = [await master('feeder-7', 6), await master('feeder-8', 7)];
    const stranger = await master('stranger', 2);
    const everybody = [a, b, ...feeders, stranger];
    const ioas = [5000, 7000, 7999, 8000];
    for (const each of everybody) for (const ioa of ioas) each.sendI(command(ioa));
    const allowed = [
      [5000, 7000, 7999, 8000],
      // Though 127.0.0.11 may do everything: its certificate says more than where it comes from.
      [],
      [7000, 7999],
      [8000],
      [],
    ];
    const refused = allowed.map((of) => ioas.filter((ioa) => !of.includes(ioa)));
    await until('all refusals', () => everybody.every((each, i) => refusedAt(each).length === refused[i]?.length));
    await until('all commands', () => seen().length === allowed.flat().length);
    expect(everybody.map(refusedAt)).toEqual(refused);
    expect(seen().sort()).toEqual(allowed.flat().sort());
    const denied = await mux.audit({ outcome: 'refused: no right to control', certificateName: 'cn:stranger' });
    expect(denied).toMatchObject({ name: null });
  });

  it('are not let in with an expired CRL where that refuses; who is there stays, with an alarm', async () => {
    const { folder, mux, master } = await scene({ 'tls names': 'cn:a' }, { crlExpired: 'refuse' });
    const a = await master('a', 1);
    folder.swap(tlsFiles(own, [ca.certificate], [ca.crl({ fromDays: -3, untilDays: -1 })]));
    await mux.logged({ event: 'tls_expired', reason: 'crl_expired' }, RELOAD_MS);
    await turnedAway(mux.port, 2, ca.issue({ cn: 'a' }));
    await mux.logged({ event: 'tls_refused', reason: 'crl_expired' });
    folder.swap(tlsFiles(own, [ca.certificate]));
    const without = async (): Promise<boolean> => {
      await turnedAway(mux.port, 3, ca.issue({ cn: 'a' }));
      return mux.findLine({ event: 'tls_refused', reason: 'crl_missing' }) !== undefined;
    };
    await until('and without one', without, RELOAD_MS);
    expect(a.closed).toBe(false);
    expect((await mux.group()).masters).toHaveLength(1);
  }, 30_000);

  it('are not ended for age with a select, or a command that has no answer', async () => {
    const { rtu, master, seen } = await scene(
      { masters: 'A=cn:a;B=cn:b;C=cn:c', rights: 'A=control;B=control;C=control' },
      { maxAgeMs: 500 },
    );
    const a = await master('a', 1);
    await rtu.started();
    const [b, c] = [await master('b', 2), await master('c', 3)];
    a.sendI(command(5000, true));
    await until('the select', () => seen().length === 1);
    rtu.peer.onApdu = undefined;
    b.sendI(command(5001));
    await until('the command', () => seen().length === 2);
    await until('C ends', () => c.closed, 12_000);
    expect([a.closed, b.closed]).toEqual([false, false]);
  }, 25_000);
});
