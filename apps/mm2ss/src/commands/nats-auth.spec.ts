import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nameInNkeyFile } from '@iec104mm2ss/bus';
import { parseConfiguration } from '@iec104mm2ss/config';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { natsAuth } from './nats-auth.js';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'mm2ss-nats-auth-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

type Flags = Omit<Parameters<typeof natsAuth>[1], 'output'>;

function groups(...ids: number[]) {
  const rows = ids.map((id) => `${id},RTU-${id},${20_000 + id},${id},127.0.0.1:${2000 + id}`);
  return parseConfiguration(['id,sys name,port no,rtu no,hosts', ...rows, ''].join('\n'));
}
const write = (ids: number[], flags: Flags = {}) => natsAuth(groups(...ids), { output: directory, ...flags });
const text = (file: string): string => readFileSync(join(directory, file), 'utf8');
/** The account of one user. */
function block(name: string): string {
  return (
    text('authorization.conf')
      .split('  # ')
      .find((each) => each.startsWith(`${name}:`)) ?? ''
  );
}

describe('mm2ss nats-auth', () => {
  it('writes a key for everybody, which only its owner may read and which says whose it is', async () => {
    const { identities, newKeys, serverFile } = await write([1, 2]);
    const names = ['connector-1', 'connector-2', 'router', 'gateway', 'watcher', 'console', 'setup'];
    expect([...identities.keys()]).toEqual(names);
    expect(newKeys).toEqual(names.map((name) => join(directory, `${name}.nk`)));
    expect(serverFile).toBe(join(directory, 'nats-server.conf'));
    for (const name of names) {
      const file = join(directory, `${name}.nk`);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(nameInNkeyFile(file)).toBe(name);
      expect(text('authorization.conf')).not.toContain(/^SU\w+$/m.exec(text(`${name}.nk`))?.[0]);
      expect(block(name)).toContain((identities.get(name) as { nkey: string }).nkey);
    }
  });

  it('says where it cannot write', async () => {
    writeFileSync(join(directory, 'file'), 'x');
    const into = (output: string) => natsAuth(groups(1), { output });
    await expect(into('')).rejects.toThrow('-o names nothing');
    await expect(into(join(directory, 'file'))).rejects.toThrow('cannot be written (it is a file)');
    await expect(into(join(directory, 'file/below'))).rejects.toThrow('cannot be written (ENOTDIR)');
  });

  it('keeps the keys and the server file that are there, adds those of new groups, and tightens their modes', async () => {
    const first = await write([1]);
    const seed = text('connector-1.nk');
    writeFileSync(join(directory, 'nats-server.conf'), 'mine');
    writeFileSync(join(directory, 'router.nk'), text('router.nk'), { mode: 0o644 });
    const second = await write([1, 2]);
    expect(second.newKeys).toEqual([join(directory, 'connector-2.nk')]);
    expect(second.serverFile).toBeUndefined();
    expect(text('nats-server.conf')).toBe('mine');
    expect(text('connector-1.nk')).toBe(seed);
    expect(second.identities.get('router')).toEqual(first.identities.get('router'));
    expect(statSync(join(directory, 'router.nk')).mode & 0o777).toBe(0o600);
    expect(block('router')).toContain('"$JS.API.STREAM.PURGE.IEC104_LOG_2"');
    expect(block('router')).toContain('stream: { account: "iec104-connector-2", subject: "iec104.v1.2.log" }');
  });

  it('makes another key only of who is named', async () => {
    const first = await write([1]);
    const second = await write([1], { renew: ['connector-1'] });
    expect(second.newKeys).toEqual([join(directory, 'connector-1.nk')]);
    expect(second.identities.get('connector-1')).not.toEqual(first.identities.get('connector-1'));
    expect(second.identities.get('router')).toEqual(first.identities.get('router'));
  });

  it('leaves a key file alone that holds no seed', async () => {
    writeFileSync(join(directory, 'router.nk'), 'something else');
    await expect(write([1])).rejects.toThrow(/router\.nk holds no seed of an nkey; it is left as it is/);
    expect(text('router.nk')).toBe('something else');
  });

  it('takes subjects of certificates instead of keys', async () => {
    const { identities, newKeys } = await write([7], { certificates: 'CN={name},O=Grid' });
    expect(newKeys).toEqual([]);
    expect(identities.get('connector-7')).toEqual({ certificate: 'CN=connector-7,O=Grid' });
    expect(block('connector-7')).toContain('user: "CN=connector-7,O=Grid"');
    expect(text('nats-server.conf')).toMatch(/^tls \{\n(.+\n)+ {2}verify_and_map: true\n\}$/m);
  });

  it('lets a gateway with groups, and a connector of several, do no more than is of theirs', async () => {
    await write([1, 2, 3], { gateway: ['east=1-2', 'west=3'], connector: ['both=1,2'] });
    expect(block('east')).toContain('"iec104.v1.1.in.east"');
    expect(block('east')).not.toMatch(/iec104\.v1\.(\*|3)\./);
    expect(block('west')).not.toMatch(/iec104\.v1\.(\*|1|2)\./);
    expect(block('both')).toContain('"iec104.v1.2.log"');
    expect(block('both')).not.toContain('iec104.v1.3.');
    expect(block('connector-1')).toBe('');
    expect(block('connector-3')).toContain('"iec104.v1.3.log"');
  });

  it('lets connectors of ranges of ids do what is of their groups, under the names that the chart looks for', async () => {
    const { identities } = await write([1, 49, 50, 120], { groupsPerPod: 50, connector: ['own=120'] });
    expect([...identities.keys()].slice(0, 4)).toEqual(['connector-0-49', 'connector-50-99', 'own', 'router']);
    expect(nameInNkeyFile(join(directory, 'connector-0-49.nk'))).toBe('connector-0-49');
    expect(block('connector-0-49')).toContain('"iec104.v1.49.log"');
    expect(block('connector-0-49')).not.toContain('iec104.v1.50.');
    expect(block('connector-50-99')).not.toContain('iec104.v1.120.');
  });

  it('gives each user an account of its own, and none to JetStream, whose answers go where the server says', async () => {
    const { identities } = await write([1, 2], { connector: ['a=1', 'b=1', 'c=2'] });
    const file = text('authorization.conf');
    const accounts = [...file.matchAll(/^ {2}"(.+)" \{$/gm)].map(([, name]) => name);
    expect(accounts).toEqual(['iec104', ...[...identities.keys()].map((name) => `iec104-${name}`)]);
    expect(/^ {2}"iec104" \{\n[^]*?^ {2}\}$/m.exec(file)?.[0]).not.toMatch(/users|imports|nkey/);
    // What is stored is said to JetStream as a service: a stream would carry the asker's reply subject into its account.
    for (const stored of ['$KV.iec104_leases.connector.1', 'iec104.v1.1.log']) {
      expect(block('a')).toContain(`service: { account: "iec104", subject: "${stored}" }`);
    }
    // Who stands by hears who is active; connectors of other groups hear nothing of each other.
    expect(block('a')).toContain(
      '{ stream: { account: "iec104-b", subject: "iec104.v1.ctl.status" }, prefix: "from.b" }',
    );
    expect(block('a')).not.toContain('iec104-c"');
  });

  it.each<[string, Flags, string]>([
    ['a name that is no token', { gateway: ['a.b'] }, 'the name of letters, digits, _ and - only'],
    ['two of one name', { gateway: ['router'] }, 'two users are called router'],
    ['a group that the file has not', { gateway: ['a=9'] }, 'the file has 1, 2'],
    ['groups that cannot be read', { connector: ['a=x'] }, '--connector a=x: '],
    ['groups of a router', { router: ['a=1'] }, 'must be NAME,'],
    ['a stranger to renew', { renew: ['connector-9'] }, 'there are connector-1, connector-2, router'],
    ['a subject that is the same for all', { certificates: 'CN=x' }, 'the subject must have {name}'],
  ])('refuses %s, and writes nothing', async (_what, flags, reason) => {
    await expect(write([1, 2], flags)).rejects.toThrow(reason);
    expect(() => text('authorization.conf')).toThrow('ENOENT');
  });
});
