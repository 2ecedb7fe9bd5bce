import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Authority, hasOpenssl, type KeyPair, Operator } from './nats-identities.ts';
import { hasNats, type NatsServer, startNatsProcess } from './nats-server.ts';
import type { Part } from './part.ts';
import { freePort, until } from './ports.ts';
import { type OneGroup, oneGroup } from './scene.ts';
import { refusal, startSingle, waitsRefused } from './single-part.ts';
import type { SystemOptions } from './system.ts';

/** Characters that mean something in a URL. */
const PASSWORD = 'p@ss:w/rd,#?%1';
const TOKEN = 't,o/k@e:n%#';
/** s since 1970. */
const LONG_AGO = 1_700_000_000;
const LOSSLESS = { missing: 0, repeats: 0, gaps: [], unknown: 0 };

let directory: string;
let operator: Operator;
let authority: Authority;
let otherAuthority: Authority;
let forServer: KeyPair;
let forClient: KeyPair;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mm2ss-e2e-security-'));
  operator = new Operator(directory);
  if (!hasOpenssl) return;
  authority = new Authority(directory, 'authority');
  otherAuthority = new Authority(directory, 'other-authority');
  forServer = authority.issue('server', 'IP:127.0.0.1');
  forClient = authority.issue('client', 'DNS:mm2ss');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const inDirectory = (file: string): string => join(directory, file);
const userServer = () => startNatsProcess(['--user', 'mm2ss', '--pass', PASSWORD]);
const operatorServer = () => startNatsProcess(['--config', operator.configuration()]);
const tlsServer = (...more: string[]) =>
  startNatsProcess(['--tls', '--tlscert', forServer.certificate, '--tlskey', forServer.key, ...more]);
const mutualTlsServer = () => tlsServer('--tlsverify', '--tlscacert', authority.certificate);

const at = ({ port }: NatsServer, account = '', scheme = 'nats'): string => `${scheme}://${account}127.0.0.1:${port}`;
const encoded = (text: string): string => `${encodeURIComponent(text)}@`;
const asClient = ({ certificate, key }: KeyPair): string[] => ['--nats-cert', certificate, '--nats-key', key];
const trusting = ({ certificate }: Authority): string[] => ['--nats-ca', certificate];
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

/** A system in which events reach a master, a command reaches the RTU, and no part told a secret. */
async function passesData(nats: NatsServer, options: SystemOptions, secrets: readonly string[] = []) {
  const scene = await oneGroup({}, { allInOne: true, nats, ...options });
  const { system, rtu, master } = scene;
  const one = master(1);
  await one.connect();
  await system.started(1);
  rtu.burst(300);
  await one.hasAll();
  expect(one.account()).toMatchObject({ ...LOSSLESS, received: 300 });
  expect((await one.simulator.command('single 5000 on')).result).toBe('positive');
  for (const part of system.parts.values()) {
    const said = `${part.log}${JSON.stringify(await part.status())}`;
    for (const secret of secrets.flatMap((text) => [text, encodeURIComponent(text)]))
      expect(said).not.toContain(secret);
  }
  return { ...scene, one };
}

async function watch(...args: string[]): Promise<Part> {
  const watcher = await startSingle('watch', ...args);
  await until(`${args.join(' ')} watches`, () => watcher.log.includes('mm2ss: watch: watching 127.0.0.1:'));
  return watcher;
}

/** Lets events come until a watcher shows one: whether anybody watches is asked once a second. */
async function untilShown({ rtu }: OneGroup, watcher: Part): Promise<void> {
  await until(`${watcher.args.join(' ')} shows an event`, () => {
    rtu.burst(1);
    return / RTU M_\w+ SPONT CA 47 IOA \d+ /.test(watcher.log);
  });
}

async function endsOnCtrlC(watcher: Part): Promise<void> {
  watcher.kill('SIGINT');
  expect(await watcher.exited, watcher.log).toBe(0);
}

describe.skipIf(!hasNats)('data and commands pass, and mm2ss watch shows them,', () => {
  it('with user and password in MM2SS_NATS, which no command line shows', async () => {
    const nats = await userServer();
    const url = at(nats, `mm2ss:${encoded(PASSWORD)}`);
    const scene = await passesData(nats, { environment: { MM2SS_NATS: url } }, [PASSWORD]);
    const { pid } = scene.system.part('run');
    expect(execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })).not.toContain('nats:');

    const [all, filtered] = await Promise.all([
      watch('--nats', url),
      watch('--nats', url, '--type', 'C_SC_NA_1', '--ioa', '5002', '--json'),
    ]);
    await untilShown(scene, all);
    for (const ioa of [5001, 5002]) await scene.one.simulator.command(`single ${ioa} on`);
    const outcome = / 127\.0\.0\.11:\d+: C_SC_NA_1 ACT CA 47: terminated after \d+ ms, IOA 5002$/m;
    await until('the commands are shown', () => outcome.test(all.log));
    expect(all.log).toMatch(/ session \d+ C_SC_NA_1 ACT CA 47 IOA 5001 /);
    await until('the filtered ones too', () => filtered.lines.some((line) => 'outcome' in line));
    for (const line of filtered.lines) {
      const { type, objects, ioa = objects?.[0]?.ioa } = (line['asdu'] ?? line) as unknown as Shown;
      expect({ type, ioa }).toEqual({ type: 'C_SC_NA_1', ioa: 5002 });
    }
    await endsOnCtrlC(filtered);

    await nats.kill();
    await until('the loss is said', () => all.log.includes(`connection to 127.0.0.1:${nats.port} lost`));
    const waiting = await startSingle('watch', '--nats', url);
    await until('the wait is said', () => /waiting for NATS: .*ECONNREFUSED/.test(waiting.log));
    await Promise.all([endsOnCtrlC(all), endsOnCtrlC(waiting)]);
    for (const { log } of [all, waiting]) expect(log).not.toContain(encodeURIComponent(PASSWORD));
  });

  it.skipIf(!hasOpenssl)('with a token over TLS, the certificate naming the address', async () => {
    const nats = await tlsServer('--auth', TOKEN);
    const url = at(nats, encoded(TOKEN), 'tls');
    const scene = await passesData(nats, { natsUrlOf: () => url, partArguments: trusting(authority) }, [TOKEN]);
    const watcher = await watch('--nats', url, ...trusting(authority));
    await untilShown(scene, watcher);
    await endsOnCtrlC(watcher);
    const lines = await watch('--log', '--group', '1', '--nats', url, ...trusting(authority));
    await until('a line is shown', () => lines.log.includes('master connected'));
    await endsOnCtrlC(lines);
  });

  it.skipIf(!hasOpenssl)('with certificates of both sides, the scheme being nats://', async () => {
    const nats = await mutualTlsServer();
    await passesData(nats, { partArguments: [...trusting(authority), ...asClient(forClient)] });
  });

  it('with a credentials file, and again when that has expired and is renewed', async () => {
    const nats = await operatorServer();
    const file = operator.credentials('renewed.creds', inAnHour());
    const { system, rtu, one } = await passesData(nats, { partArguments: ['--nats-creds', file] });
    const run = system.part('run');
    operator.credentials('renewed.creds', LONG_AGO);
    await nats.kill();
    await nats.restart();
    await run.logged({ msg: 'bus connection lost' });
    await until('the reason is logged', () => run.log.includes(`the credentials in ${file}, which expired at 2`));
    rtu.burst(10);
    operator.credentials('renewed.creds', inAnHour());
    await run.logged({ msg: 'bus connected again' });
    await one.hasAll();
    expect(one.account()).toMatchObject(LOSSLESS);
    expect((await one.simulator.command('single 5001 on')).result).toBe('positive');
  });
});

describe.skipIf(!hasNats)('at start', () => {
  it('a process with a wrong or missing user, password or token waits, and says why', async () => {
    const [users, tokens] = await Promise.all([userServer(), startNatsProcess(['--auth', TOKEN])]);
    onTestFinished(async () => void (await Promise.all([users.stop(), tokens.stop()])));
    const [password, nobody, token] = await Promise.all([
      waitsRefused('--nats', at(users, 'mm2ss:wrong-secret@')),
      waitsRefused('--nats', at(users)),
      waitsRefused('--nats', at(tokens, 'wrong-secret@')),
    ]);
    expect(password).toContain('the server refuses the user and password in the URL (Authorization Violation)');
    expect(password).toContain(`127.0.0.1:${users.port}`);
    expect(nobody).toContain('the server refuses a connection without user, token, nkey or credentials file');
    expect(token).toContain('the server refuses the token in the URL');
    for (const said of [password, nobody, token]) expect(said).not.toContain('wrong-secret');
  });

  it('a credentials file that is away ends the process; with one of another operator, or expired, it waits', async () => {
    const nats = await operatorServer();
    onTestFinished(() => nats.stop());
    const nothing = inDirectory('nothing');
    const foreign = new Operator(directory).credentials('foreign.creds');
    const expired = operator.credentials('expired.creds', LONG_AGO);
    const using = (file: string) => ['--nats', at(nats), '--nats-creds', file];
    const said = await Promise.all([
      refusal(...using(nothing)),
      waitsRefused(...using(foreign)),
      waitsRefused(...using(expired)),
    ]);
    expect(said[0]).toContain(`credentials file ${nothing} cannot be read (ENOENT)`);
    expect(said[1]).toContain(`the server refuses the credentials in ${foreign} (Authorization Violation)`);
    expect(said[2]).toContain(`${expired}, which expired at 2023-11-14T22:13:20.000Z,`);
  });

  it.skipIf(!hasOpenssl)('a server whose certificate cannot be trusted is waited for', async () => {
    const nats = await tlsServer();
    onTestFinished(() => nats.stop());
    const said = await Promise.all([
      waitsRefused('--nats', at(nats, '', 'tls'), ...trusting(otherAuthority)),
      waitsRefused('--nats', at(nats)),
      waitsRefused('--nats', `tls://localhost:${nats.port}`, ...trusting(authority)),
    ]);
    expect(said[0]).toContain(`certificate is not signed by the authority in ${otherAuthority.certificate}`);
    expect(said[1]).toContain("the server's certificate is not signed by any authority this machine knows");
    expect(said[2]).toContain("Hostname/IP does not match certificate's altnames: Host: localhost.");
  });

  it.skipIf(!hasOpenssl)(
    'without a client certificate, or with a strange one, a process waits; one with another key ends it',
    async () => {
      const nats = await mutualTlsServer();
      onTestFinished(() => nats.stop());
      const strange = otherAuthority.issue('strange-client', 'DNS:mm2ss');
      const using = (...args: string[]) => ['--nats', at(nats, '', 'tls'), ...trusting(authority), ...args];
      const said = await Promise.all([
        waitsRefused(...using()),
        waitsRefused(...using(...asClient(strange))),
        refusal(...using(...asClient({ ...forClient, key: strange.key }))),
      ]);
      expect(said[0]).toContain('the server asks for a client certificate, and none is given');
      expect(said[1]).toContain(`the server does not accept the certificate in ${strange.certificate}`);
      expect(said[2]).toContain(`key file ${strange.key} does not hold the key of ${forClient.certificate}`);
    },
  );

  it('a server that is away is waited for, with a warning again and again', async () => {
    const port = await freePort();
    const router = await startSingle('router', '--nats', `nats://127.0.0.1:${port}`);
    const { reason } = await router.logged({ level: 'warn', msg: 'waiting for NATS' });
    expect(reason).toContain(`ECONNREFUSED 127.0.0.1:${port}`);
    await until('it is said again', () => router.count({ msg: 'waiting for NATS' }) > 1);
    const nats = await startNatsProcess([], port);
    onTestFinished(() => nats.stop());
    await router.logged({ msg: 'this router owns the group' });
  });
});

interface Shown {
  readonly type: string;
  readonly ioa?: number;
  readonly objects?: readonly { readonly ioa: number }[];
}
