/** TLS sessions of masters at two gateways, each part a process of its own: who may do what, and when they end. */
import { setTimeout as delay } from 'node:timers/promises';
import { CertificateAuthority, type IssuedCertificate, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { tlsFront, tlsTunnel } from '../tls-ends.ts';
import { hasNats } from './nats-server.ts';
import { freePort, until } from './ports.ts';
import { Master, startRtu, type TestRtu } from './stations.ts';
import { type Columns, GATEWAY_HOSTS, groupOf, System } from './system.ts';

const openssl = requireTool('openssl');
const RTU_HOST = '127.0.0.2';
const [HERE, THERE] = GATEWAY_HOSTS;
/** The files are read every two seconds, and once more half a second later. */
const RELOAD_MS = 10_000;
/** The shortest `--tls-max-age`, give or take a tenth, and the time until everybody knows. */
const MAX_AGE_MS = 60_000;
const AGE_LEEWAY_MS = 8_000;

describe.skipIf(!hasNats || !openssl)('TLS sessions over NATS', () => {
  let ca: CertificateAuthority;
  let own: IssuedCertificate;
  beforeAll(() => {
    ca = CertificateAuthority.root(openssl ?? '');
    own = ca.issue({ cn: 'mm2ss' });
  });
  afterAll(() => ca.remove());

  const scene = async (columns: Columns, environment: Readonly<Record<string, string>>) => {
    const folder = new TlsFolder(tlsFiles(own, [ca.certificate], [ca.crl()]));
    onTestFinished(() => folder.remove());
    const station = await startRtu();
    const front = await tlsFront(RTU_HOST, station.rtu.address, ca.issue({ cn: 'rtu' }), ca.certificate);
    onTestFinished(() => front.close());
    const port = await freePort();
    const row = { hosts: `tls://${RTU_HOST}:${front.port}`, 'rtu names': 'cn:rtu', 'tls port': port, ...columns };
    const system = await System.start([row], { environment: { MM2SS_TLS_DIR: folder.path, ...environment } });
    const master = async (cn: string, address: string, host: string = HERE): Promise<Master> =>
      connected(station, port, ca.issue({ cn }), address, host);
    return { folder, station, front, system, master };
  };

  it('get the rights of their certificate, wherever they come from; with a CRL that has expired nobody new is let in', async () => {
    const { folder, front, system, master } = await scene(
      {
        masters: 'A=127.0.0.11,cn:a;B=127.0.0.12,cn:b',
        'tls names': 'cn:a;cn:b;cn:feeder-7;cn:stranger',
        rights: 'A=control;B=monitor;cn:feeder-7=control@5100-5199;*=monitor',
      },
      { MM2SS_CRL_EXPIRED: 'refuse' },
    );
    const [gateway1, gateway2] = system.gateways;
    if (gateway1 === undefined || gateway2 === undefined) throw new Error('no gateways');
    const commands = async (who: Master, command: string): Promise<string> =>
      (await who.simulator.command(command)).result;

    const a = await master('a', '127.0.0.21', THERE);
    const b = await master('b', '127.0.0.12');
    // At the address of A, and nobody in the column `masters`.
    const stranger = await master('stranger', '127.0.0.11');
    const feeder = await master('feeder-7', '127.0.0.11');
    await system.started(4);
    const links = front.sockets.length;
    const rows = [
      [a, 'single 5000 on', 'positive'],
      [b, 'single 5000 off', 'negative'],
      [stranger, 'single 5000 off', 'negative'],
      [feeder, 'double 5100 on', 'positive'],
      [feeder, 'single 5000 off', 'negative'],
      [feeder, 'step 5200 higher', 'negative'],
    ] as const;
    const outcomes: string[] = [];
    for (const [who, command] of rows) outcomes.push(await commands(who, command));
    expect(outcomes).toEqual(rows.map(([, , outcome]) => outcome));
    const names = (await system.masters()).map(({ name, certificateName }) => [name, certificateName]);
    expect(new Map(names.map(([name, certificate]) => [certificate, name]))).toEqual(
      new Map([
        ['cn:a', 'A'],
        ['cn:b', 'B'],
        ['cn:feeder-7', null],
        ['cn:stranger', null],
      ]),
    );

    folder.swap(tlsFiles(own, [ca.certificate], [ca.crl({ fromDays: -3, untilDays: -1 })]));
    for (const gateway of [gateway1, gateway2])
      await gateway.logged({ event: 'tls_expired', reason: 'crl_expired' }, RELOAD_MS);
    await expect(master('b', '127.0.0.22')).rejects.toThrow();
    await expect(master('b', '127.0.0.22', THERE)).rejects.toThrow();
    for (const gateway of [gateway1, gateway2]) await gateway.logged({ event: 'tls_refused', reason: 'crl_expired' });
    expect(await commands(a, 'single 5000 off')).toBe('positive');
    expect([a, b, stranger, feeder].map(({ disconnections }) => disconnections)).toEqual([0, 0, 0, 0]);
    folder.swap(tlsFiles(own, [ca.certificate], [ca.crl({ fromDays: -0.5 })]));
    await until(
      'with a new one B comes in',
      () =>
        master('b', '127.0.0.22').then(
          () => true,
          () => false,
        ),
      RELOAD_MS,
    );
    expect((await groupOf(gateway1)).rtu.linkEpoch).toBe(1);
    expect(front.sockets).toHaveLength(links);
  }, 120_000);

  it('end at their largest age, of one master one at a time at whichever gateways they are; the link to the RTU does not', async () => {
    const { front, system, master } = await scene({ masters: 'A=cn:a;B=cn:b' }, { MM2SS_TLS_MAX_AGE: '1min' });
    const startedAt = performance.now();
    const first = await master('a', '127.0.0.11', HERE);
    const second = await master('a', '127.0.0.11', THERE);
    const other = await master('b', '127.0.0.12', THERE);
    await system.started(2);
    const links = front.sockets.length;
    const endedAt = new Map<Master, number>();
    for (const each of [first, second, other])
      each.simulator.on('disconnected', () => endedAt.set(each, performance.now() - startedAt));
    await until('one of A, and B', () => endedAt.has(other) && endedAt.size >= 2, MAX_AGE_MS * 1.1 + AGE_LEEWAY_MS);
    for (const at of endedAt.values()) expect(at).toBeGreaterThan(MAX_AGE_MS * 0.9 - 1_000);
    // The last one is as old, and stays until A has had the time to come back: AGE_SPACING_MS of the router.
    await delay(MAX_AGE_MS * 1.1 + AGE_LEEWAY_MS - (performance.now() - startedAt) + 5_000);
    expect(endedAt.size).toBe(2);
    const ended = system.gateways.filter((gateway) => gateway.count({ event: 'tls_max_age', identity: 'cn:a' }) > 0);
    expect(ended).toHaveLength(1);
    expect(front.sockets).toHaveLength(links);
  }, 150_000);
});

async function connected(
  { ledger }: TestRtu,
  port: number,
  certificate: IssuedCertificate,
  address: string,
  host: string,
): Promise<Master> {
  const tunnel = await tlsTunnel({ host, port }, address, certificate);
  onTestFinished(() => tunnel.close());
  const master = new Master(address, address, ledger, '127.0.0.1', tunnel.port, { reconnect: false });
  await master.connect();
  return master;
}
