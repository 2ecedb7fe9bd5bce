/** The folder of `--tls-dir`: what is taken, what is refused, and when. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { createLogger, createRegistry, type Registry } from '@iec104mm2ss/observability';
import { type Clock, SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import {
  CertificateAuthority,
  type IssuedCertificate,
  type TlsFiles,
  TlsFolder,
  tlsFiles,
  until,
} from '@iec104mm2ss/testing';
import { openTlsStore, type OpenTlsStore, type PeerName, type TlsProfile } from '@iec104mm2ss/tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../../tools/require.mjs';

const openssl = requireTool('openssl');
/** All periods are that much shorter than they are. */
const fastClock = (factor: number): Clock => ({
  ...SYSTEM_CLOCK,
  now: () => SYSTEM_CLOCK.now() * factor,
  setTimer: (callback, delayMs, background) => SYSTEM_CLOCK.setTimer(callback, delayMs / factor, background),
});

describe.skipIf(!openssl)('the folder of --tls-dir', () => {
  const tool = openssl ?? '';
  let root: CertificateAuthority;
  let other: CertificateAuthority;
  let sub: CertificateAuthority;
  let own: IssuedCertificate;
  let scada: IssuedCertificate;
  let good: TlsFiles;
  beforeAll(() => {
    root = CertificateAuthority.root(tool);
    other = CertificateAuthority.root(tool);
    sub = root.intermediate();
    own = root.issue({ cn: 'mm2ss' });
    scada = root.issue({ cn: 'scada-a' });
    good = tlsFiles(own, [root.certificate], [root.crl()]);
  });
  const names: readonly PeerName[] = [{ kind: 'cn', value: 'scada-a', text: 'cn:scada-a' }];
  afterAll(() => {
    root.remove();
    other.remove();
  });

  it('gives all groups with the same files and profile one context', async () => {
    const { store } = await opened(good, {
      3: { 'tls.crt': own.chain, 'tls.key': own.key },
      4: { '1.crl': root.crl() },
    });
    const context = (group: string, profile: TlsProfile = 'iec62351'): unknown =>
      store.material(group, profile).context;
    expect(context('1')).toBe(context('2'));
    expect(context('1')).toBe(context('3'));
    expect(context('1')).not.toBe(context('1', 'modern'));
    expect(context('1')).not.toBe(context('4'));
  });

  it('takes a new set when the link is swapped, once it was the same twice, and says so', async () => {
    const { store, folder, lines, changes } = await opened(good);
    const before = store.material('1', 'iec62351');
    expect(before.judge(scada.chainDer, 'client', names).ok).toBe(true);
    folder.swap(tlsFiles(own, [root.certificate], [root.crl({ revoked: [scada] })]));
    await until(() => changes.count === 1, 'the new set is taken');
    const after = store.material('1', 'iec62351');
    expect(after).not.toBe(before);
    expect(after.judge(scada.chainDer, 'client', names)).toMatchObject({ code: 'revoked' });
    // What a session holds does not change under it.
    expect(before.judge(scada.chainDer, 'client', names).ok).toBe(true);
    expect(lines.filter(({ event }) => event === 'tls_files_taken')).toHaveLength(2);
  });

  it('does not go back to a CRL that its authority has replaced: a copy may come late', async () => {
    const before = tlsFiles(own, [root.certificate], [root.crl()]);
    const { store, folder, lines, changes } = await opened(
      tlsFiles(own, [root.certificate], [root.crl({ revoked: [scada] })]),
    );
    folder.swap(before);
    await until(() => lines.some(({ event }) => event === 'tls_files_refused'), 'the old set is refused');
    expect(lines.find(({ event }) => event === 'tls_files_refused')?.reason).toContain('is older than the one before');
    expect(store.material('1', 'iec62351').judge(scada.chainDer, 'client', names)).toMatchObject({ code: 'revoked' });
    expect(changes.count).toBe(0);
  });

  it('does not go back either when there was none in between', async () => {
    const older = tlsFiles(own, [root.certificate], [root.crl()]);
    const { store, folder, lines, changes } = await opened(
      tlsFiles(own, [root.certificate], [root.crl({ revoked: [scada] })]),
    );
    folder.swap(tlsFiles(own, [root.certificate]));
    await until(() => changes.count === 1, 'the set without a CRL is taken');
    folder.swap(older);
    await until(() => lines.some(({ event }) => event === 'tls_files_refused'), 'the old set is refused');
    folder.swap(tlsFiles(own, [root.certificate], [root.crl({ revoked: [scada] })]));
    await until(() => changes.count === 2, 'a newer one is taken');
    expect(store.material('1', 'iec62351').judge(scada.chainDer, 'client', names)).toMatchObject({ code: 'revoked' });
  });

  it('is watched further when there is something in it that is no file', async () => {
    const { folder, lines, changes } = await opened(good);
    execFileSync('mkfifo', [path.join(folder.path, 'x.crl')]);
    await until(() => lines.some(({ event }) => event === 'tls_files_refused'), 'the pipe is refused');
    expect(lines.find(({ event }) => event === 'tls_files_refused')?.reason).toContain(
      'x.crl cannot be read: it is no',
    );
    folder.swap(tlsFiles(own, [root.certificate], [root.crl({ revoked: [scada] })]));
    await until(() => changes.count === 1, 'what is there then is taken');
  });

  const bad: Readonly<Record<string, readonly [() => TlsFiles, string]>> = {
    'no key': [() => without(good, 'tls.key'), 'tls.key is missing'],
    'no ca.crt': [() => without(good, 'ca.crt'), 'ca.crt is missing'],
    'the key of another certificate': [() => ({ ...good, 'tls.key': scada.key }), 'not the key of'],
    'an encrypted key': [() => ({ ...good, 'tls.key': '-----BEGIN ENCRYPTED PRIVATE KEY-----\n' }), 'encrypted'],
    'a key that is no key': [() => ({ ...good, 'tls.key': 'x' }), 'no private key'],
    'half a certificate': [() => ({ ...good, 'tls.crt': own.certificate.slice(0, 300) }), 'tls.crt'],
    'an authority cut off': [
      () => ({ ...good, 'ca.crt': root.certificate + root.certificate.slice(0, 200) }),
      'cut off',
    ],
    'a chain in the wrong order': [
      () => {
        const below = sub.issue();
        return { ...good, 'tls.crt': below.certificate + root.certificate + sub.certificate, 'tls.key': below.key };
      },
      'has not signed it',
    ],
    'an expired certificate': [
      () => tlsFiles(root.issue({ untilDays: -0.1, fromDays: -2 }), [root.certificate]),
      'has expired on',
    ],
    'a certificate of tomorrow': [() => tlsFiles(root.issue({ fromDays: 1 }), [root.certificate]), 'begins on'],
    'a weak key': [() => tlsFiles(root.issue({ key: 'RSA-1024' }), [root.certificate]), 'too weak: RSA 1024'],
    'a SHA-1 signature': [() => tlsFiles(root.issue({ hash: 'sha1' }), [root.certificate]), 'SHA-1'],
    'a certificate for other uses': [() => tlsFiles(root.issue({ use: 'codeSigning' }), [root.certificate]), 'neither'],
    'a CRL of another key': [() => ({ ...good, '1.crl': root.crl({ forgedBy: other }) }), 'is not signed with the key'],
    'a CRL that is none': [() => ({ ...good, '1.crl': 'x' }), 'no CRL in it'],
    'half a CRL': [() => ({ ...good, '1.crl': root.crl().slice(0, 200) }), 'cut off'],
    'a delta CRL': [
      () => ({ ...good, '1.crl': root.crl({ extensions: { '2.5.29.27': 'critical,ASN1:INTEGER:1' } }) }),
      'delta CRL',
    ],
    'a CRL for a part': [
      () => ({ ...good, '1.crl': root.crl({ extensions: { issuingDistributionPoint: 'critical,@idp' } }) }),
      'a part of the certificates',
    ],
    'a CRL with something unknown': [
      () => ({ ...good, '1.crl': root.crl({ extensions: { '1.2.3.4': 'critical,ASN1:NULL' } }) }),
      'critical extension 1.2.3.4',
    ],
    'a CRL of tomorrow': [() => ({ ...good, '1.crl': root.crl({ fromDays: 1, untilDays: 30 }) }), 'begins on'],
    'a CRL signed with SHA-1': [() => ({ ...good, '1.crl': root.crl({ hash: 'sha1' }) }), 'signed with SHA-1'],
  };
  for (const [what, [files, reason]] of Object.entries(bad)) {
    it(`keeps what is in force when there is ${what}, with an event that says why`, async () => {
      const { store, folder, lines, changes } = await opened(good);
      const before = store.material('1', 'iec62351');
      folder.swap(files());
      await until(() => lines.some(({ event }) => event === 'tls_files_refused'), 'the event');
      const [event] = lines.filter((line) => line.event === 'tls_files_refused');
      expect(event).toMatchObject({ event_id: 'MM2SS:2.21', severity: 'error' });
      expect(event?.reason).toContain(reason);
      expect(store.material('1', 'iec62351')).toBe(before);
      folder.swap(good);
      await until(() => lines.some(({ msg }) => msg?.includes('in force again')), 'the good files are back');
      expect(changes.count).toBe(0);
      // Where the machine is slow, a reading may have taken 10 s of the fast clock: that is another event.
      const refusals = lines.filter((line) => line.event === 'tls_files_refused' && line.reason?.includes(reason));
      expect(refusals).toHaveLength(1);
    });
  }

  it('has nothing to give for a group whose files are at fault from the start, and has it when they are mended', async () => {
    const { store, folder, changes } = await opened(good, { 7: { 'tls.crt': own.chain } });
    expect(() => store.material('7', 'modern')).toThrow('tls.key is missing');
    expect(() => store.material('8', 'modern')).not.toThrow();
    folder.swap(good, { 7: { 'tls.crt': own.chain, 'tls.key': own.key } });
    await until(() => changes.count === 1, 'the folder of the group is mended');
    expect(() => store.material('7', 'modern')).not.toThrow();
    const none = await opened({});
    expect(() => none.store.material('1', 'modern')).toThrow('is missing');
  });

  it('takes the files of a group instead of the shared ones, and the shared ones when they go', async () => {
    const mine = other.issue({ cn: 'mm2ss at 7' });
    const { store, folder, changes } = await opened(good, { 7: tlsFiles(mine, [other.certificate]) });
    const theirs = other.issue({ cn: 'scada-a' });
    const accepts = (group: string): boolean =>
      store.material(group, 'modern').judge(theirs.chainDer, 'client', names).ok;
    expect([accepts('7'), accepts('1')]).toEqual([true, false]);
    folder.swap(good);
    await until(() => changes.count === 1, 'the folder of the group is gone');
    expect(accepts('7')).toBe(false);
  });

  it('keeps everything while the folder itself is away', async () => {
    const { store, folder, lines, changes } = await opened(good, { 7: { 'ca.crt': other.certificate } });
    folder.remove();
    await until(() => lines.filter(({ event }) => event === 'tls_files_refused').length === 2, 'both events');
    expect(() => store.material('7', 'modern')).not.toThrow();
    expect(changes.count).toBe(0);
  });

  it('tells what ends soon, and what is missing, once a day', async () => {
    const ending = tlsFiles(root.issue({ cn: 'mm2ss', untilDays: 9 }), [root.certificate]);
    const { lines } = await opened(ending, {}, 1_000_000);
    const told = (text: string): number =>
      lines.filter(({ event, reason }) => event === 'tls_files_warning' && reason?.includes(text)).length;
    await until(() => told('CN=mm2ss ends on') === 3, 'three days');
    expect(told('no CRL of CN=Test root')).toBe(3);
  });

  it('tells at once what ends while no file changes, and has sessions judged again', async () => {
    const soon = 3 / 86_400;
    const { lines, changes } = await opened(tlsFiles(own, [root.certificate], [root.crl({ untilDays: soon })]));
    const told = (): number => lines.filter(({ reason }) => reason?.includes('CN=Test root has expired on')).length;
    expect(told()).toBe(0);
    await until(() => told() === 1 && changes.count === 1, 'the event');
  });

  it('tells Prometheus when what is in force ends, and whether the files are in force', async () => {
    const ending = root.issue({ cn: 'mm2ss', untilDays: 9 });
    const files = tlsFiles(ending, [root.certificate], [root.crl({ untilDays: 4 })]);
    const { folder, registry, lines } = await opened(files, { 7: { 'tls.crt': own.chain, 'tls.key': own.key } });
    const days = (await registry.metrics())
      .split('\n')
      .filter((line) => line.startsWith('mm2ss_tls_'))
      .map((line) => line.replace(/ (\d+(?:\.\d+)?(?:e\+9)?)$/, (_, value: string) => ` ${inDays(Number(value))}`));
    expect(days).toEqual([
      'mm2ss_tls_certificate_not_after_seconds{group="all",file="tls.crt"} 9',
      'mm2ss_tls_certificate_not_after_seconds{group="all",file="ca.crt"} 3650',
      'mm2ss_tls_certificate_not_after_seconds{group="7",file="tls.crt"} 3650',
      'mm2ss_tls_certificate_not_after_seconds{group="7",file="ca.crt"} 3650',
      'mm2ss_tls_crl_next_update_seconds{group="all"} 4',
      'mm2ss_tls_crl_next_update_seconds{group="7"} 4',
      'mm2ss_tls_files_in_force{group="all"} 1',
      'mm2ss_tls_files_in_force{group="7"} 1',
    ]);
    folder.swap(without(files, 'tls.key'), { 7: { 'tls.crt': own.chain, 'tls.key': own.key } });
    await until(() => lines.some(({ event }) => event === 'tls_files_refused'), 'the event');
    const metrics = await registry.metrics();
    expect(metrics).toContain('mm2ss_tls_files_in_force{group="all"} 0');
    expect(metrics).toContain('mm2ss_tls_files_in_force{group="7"} 1');
  });

  it('reads a CRL of 20,000 entries on another thread, and uses it', async () => {
    const { store, folder, changes } = await opened(good);
    folder.swap(tlsFiles(own, [root.certificate], [root.crl({ revoked: [scada], further: 20_000 })]));
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    await until(() => changes.count === 1, 'the large CRL is in force');
    clearInterval(timer);
    expect(store.material('1', 'iec62351').judge(scada.chainDer, 'client', names)).toMatchObject({ code: 'revoked' });
    expect(longest).toBeLessThan(400);
  });
});

/** Of a time in the future in seconds since 1970; small numbers stay. */
function inDays(seconds: number): number {
  return seconds < 10 ? seconds : Math.round((seconds - Date.now() / 1000) / 86_400);
}

function without(files: TlsFiles, name: string): TlsFiles {
  return Object.fromEntries(Object.entries(files).filter(([each]) => each !== name));
}

type Line = Partial<Record<'event' | 'event_id' | 'severity' | 'reason' | 'msg', string>>;

interface Opened {
  readonly store: OpenTlsStore;
  readonly folder: TlsFolder;
  readonly lines: Line[];
  readonly changes: { count: number };
  readonly registry: Registry;
}

async function opened(files: TlsFiles, groups: Readonly<Record<string, TlsFiles>> = {}, speed = 50): Promise<Opened> {
  const folder = new TlsFolder(files, groups);
  const lines: Line[] = [];
  const { logger } = createLogger({ destination: { write: (line) => void lines.push(JSON.parse(line) as Line) } });
  const registry = createRegistry({ processMetrics: false });
  const clock = fastClock(speed);
  const store = await openTlsStore({ dir: folder.path, crlExpired: 'warn', clock, logger, registry });
  const changes = { count: 0 };
  store.onChange(() => void changes.count++);
  onTestFinished(() => {
    store.stop();
    folder.remove();
  });
  return { store, folder, lines, changes, registry };
}
