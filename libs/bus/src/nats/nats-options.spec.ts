import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type checkServerIdentity, type PeerCertificate } from 'node:tls';
import { systemRuntime } from '@iec104mm2ss/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionOptions } from './nats-options.js';

const optionsOf = (servers: string[], more: Partial<Parameters<typeof connectionOptions>[0]> = {}) =>
  connectionOptions({ servers, runtime: { ...systemRuntime(), instance: 'test' }, replicas: 1, ...more });

describe('the account in a URL', () => {
  it.each([
    ['nats://user:p%40s%2Fs%3A%23%3F%25@a:4222', { user: 'user', pass: 'p@s/s:#?%' }],
    ['nats://t%2Ck%40n@a:4222', { token: 't,k@n' }],
    ['tls://us%3Aer:x@a', { user: 'us:er', pass: 'x' }],
  ])('%s is decoded', (url, account) => {
    expect(optionsOf([url])).toMatchObject(account);
  });

  it('may stand at any of several servers and is in no address', () => {
    const options = optionsOf(['a', 'nats://user:secret@b:4223', 'nats://[::1]']);
    expect(options).toMatchObject({ user: 'user', pass: 'secret', servers: ['a:4222', 'b:4223', '[::1]:4222'] });
  });
});

describe('files', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mm2ss-nats-'));
    file = join(folder, 'file');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each([
    ['credentials file', () => ({ credentialsFile: file })],
    ['authority file', () => ({ tls: { caFile: file } })],
    ['certificate file', () => ({ tls: { certFile: file, keyFile: file } })],
  ])('a %s that is away or rubbish is named', async (what, files) => {
    expect(() => optionsOf(['a'], files())).toThrow(`${what} ${file} cannot be read (ENOENT)`);
    await writeFile(file, 'rubbish');
    expect(() => optionsOf(['a'], files())).toThrow(`${what} ${file} holds no`);
  });

  it('a certificate without its key is refused', () => {
    expect(() => optionsOf(['a'], { tls: { certFile: file } })).toThrow('a certificate and its key go together');
  });
});

describe('the name in a certificate', () => {
  const identity = (servers: string[]): typeof checkServerIdentity =>
    (optionsOf(servers).tls as { checkServerIdentity: typeof checkServerIdentity }).checkServerIdentity;
  const naming = (subjectaltname: string): PeerCertificate =>
    ({ subject: { CN: 'nats' }, subjectaltname }) as unknown as PeerCertificate;

  it('is the host that was asked for', () => {
    expect(identity(['tls://nats-0'])('nats-0', naming('DNS:nats-0'))).toBeUndefined();
    expect(identity(['tls://nats-0'])('nats-0', naming('DNS:nats-1'))).toBeInstanceOf(Error);
  });

  it('is one of our addresses where Node asks for localhost instead of an address', () => {
    const check = identity(['tls://10.0.0.1', 'tls://[::1]:4222']);
    expect(check('localhost', naming('IP Address:10.0.0.1'))).toBeUndefined();
    expect(check('localhost', naming('IP Address:0:0:0:0:0:0:0:1'))).toBeUndefined();
    expect(check('localhost', naming('IP Address:10.0.0.2'))).toBeInstanceOf(Error);
    expect(check('localhost', naming('DNS:localhost'))).toBeInstanceOf(Error);
  });
});
