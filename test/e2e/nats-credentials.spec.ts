import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  authorizationText,
  instancePrefix,
  NatsBus,
  newSeed,
  nkeyFileText,
  publicKeyOf,
  setUpNats,
} from '@iec104mm2ss/bus';
import { AUDIT_LIMITS } from '@iec104mm2ss/router';
import { systemRuntime } from '@iec104mm2ss/runtime';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Authority, hasOpenssl, type KeyPair } from './nats-identities.ts';
import { hasNats, startNatsProcess, startNatsServer, SYNC_ALWAYS } from './nats-server.ts';
import { until } from './ports.ts';

const GROUPS = { groups: ['1'], httpControl: false };
const USERS = [
  { name: 'router', role: 'router' },
  { name: 'setup', role: 'setup' },
] as const;
const STORED = { groups: [{ id: '1', capacity: 100 }], audit: AUDIT_LIMITS };

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'mm2ss-e2e-credentials-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What the server refused. */
function deniedOf(bus: NatsBus): string[] {
  const denied: string[] = [];
  bus.onDenied(({ operation, subject }) => denied.push(`${operation} ${subject}`));
  return denied;
}

describe.skipIf(!hasNats)('on a server with users', () => {
  it.skipIf(!hasOpenssl)('who has a client certificate is who its subject says, and may do no more', async () => {
    const authority = new Authority(directory, 'authority');
    const forServer = authority.issue('server', 'IP:127.0.0.1');
    const users = USERS.map((user) => ({ ...user, identity: { certificate: `CN=${user.name}` } }));
    const file = join(directory, 'certificates.conf');
    const tls = [
      `cert_file: "${forServer.certificate}"`,
      `key_file: "${forServer.key}"`,
      `ca_file: "${authority.certificate}"`,
      'verify_and_map: true',
    ];
    writeFileSync(file, `${SYNC_ALWAYS}tls { ${tls.join(', ')} }\n${authorizationText(users, GROUPS)}`);
    const server = await startNatsProcess(['--config', file]);
    onTestFinished(() => server.stop());
    const as = (name: string, { certificate, key }: KeyPair) => ({
      servers: [`tls://127.0.0.1:${server.port}`],
      runtime: systemRuntime(instancePrefix(name)),
      name,
      tls: { caFile: authority.certificate, certFile: certificate, keyFile: key },
      replicas: 1 as const,
    });
    await setUpNats({ ...as('setup', authority.issue('setup', 'DNS:anything')), setsUp: true }, STORED);
    const router = await NatsBus.connect(as('router', authority.issue('router', 'DNS:anything')));
    onTestFinished(() => router.close());
    const denied = deniedOf(router);
    router.publish('iec104.v1.1.cmd', Buffer.from('permitted'));
    router.publish('iec104.v1.1.log', Buffer.from('forged'));
    await until('it is refused', () => denied.length > 0);
    expect(denied).toEqual(['publish iec104.v1.1.log']);
    const stranger = as('router', authority.issue('stranger', 'DNS:router'));
    await expect(NatsBus.connect(stranger)).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('another key is taken when the server has it and the file is replaced, without a restart', async () => {
    const seeds = { router: newSeed(), setup: newSeed() };
    const text = (): string =>
      authorizationText(
        USERS.map((user) => ({ ...user, identity: { nkey: publicKeyOf(seeds[user.name]) as string } })),
        GROUPS,
      );
    const fileOf = (name: 'router' | 'setup'): string => {
      const file = join(directory, `${name}.nk`);
      writeFileSync(file, nkeyFileText(name, seeds[name]));
      return file;
    };
    const server = await startNatsServer('current', text());
    onTestFinished(() => server.stop());
    const as = (name: 'router' | 'setup') => ({
      servers: [server.url],
      runtime: systemRuntime(instancePrefix(name)),
      name,
      nkeyFile: fileOf(name),
      replicas: 1 as const,
    });
    const reasons: string[] = [];
    const opening = NatsBus.connect(as('router'), (reason) => reasons.push(reason));
    await until('it says what is missing', () => reasons.some((reason) => reason.includes('mm2ss nats-setup')));
    await setUpNats({ ...as('setup'), setsUp: true }, STORED);
    const router = await opening;
    onTestFinished(() => router.close());
    const connected: boolean[] = [];
    router.onConnection((up) => connected.push(up));
    seeds.router = newSeed();
    fileOf('router');
    await server.reconfigure(text());
    await until('it is back with the new key', () => connected.at(-1) === true);
    expect(await router.leaseEntry('router.1')).toMatchObject({ fence: 0 });
  });

  it('what is not permitted is heard as soon as it is, without a restart', async () => {
    const seeds = { router: newSeed(), setup: newSeed() };
    const identity = (name: 'router' | 'setup') => ({ nkey: publicKeyOf(seeds[name]) as string });
    const asRouter = { ...USERS[0], identity: identity('router') };
    const asSetup = { ...USERS[1], identity: identity('setup') };
    const server = await startNatsServer('current', authorizationText([asRouter, asSetup], GROUPS));
    onTestFinished(() => server.stop());
    const open = (name: 'router' | 'setup', listenOnly: boolean) => {
      const file = join(directory, `mended-${name}.nk`);
      writeFileSync(file, nkeyFileText(name, seeds[name]));
      const runtime = systemRuntime(instancePrefix(name));
      return NatsBus.connect({ servers: [server.url], runtime, name, nkeyFile: file, replicas: 1, listenOnly });
    };
    const [router, listener] = [await open('router', true), await open('setup', true)];
    onTestFinished(async () => void (await Promise.all([router.close(), listener.close()])));
    const denied = deniedOf(listener);
    let heard = 0;
    listener.subscribe('iec104.v1.1.cmd', () => heard++);
    await until('it is refused', () => denied.length > 0);
    await server.reconfigure(authorizationText([asRouter, { ...asSetup, role: 'connector' }], GROUPS));
    await until('it is heard', () => {
      router.publish('iec104.v1.1.cmd', Buffer.from('x'));
      return heard > 0;
    });
  });
});
