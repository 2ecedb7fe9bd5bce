import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Environment, parseConfiguration, readEnvironment } from '@iec104mm2ss/config';
import { createLogger, createRegistry } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { UsageError } from '../commands/errors.js';
import { checkTls } from '../commands/process-options.js';
import { openTls } from './open-tls.js';
import { groupsWithTls } from './tls-options.js';

const HEADER = 'id;sys name;port no;rtu no;hosts;tls port;tls names;rtu names';
/** The first has TLS for its masters, the second for its RTU, the third has none. */
const ROWS = [
  '1;A;2401;1;10.0.0.1:2404;19998;cn:a;',
  '2;B;2402;1;tls://10.0.0.2:2404;;;cn:r',
  '3;C;2403;1;10.0.0.3:2404;;;',
];
const groupsOf = (...rows: readonly string[]) => parseConfiguration([HEADER, ...rows].join('\n')).groups;

describe('a process without --tls-dir', () => {
  const environment: Environment = readEnvironment({});
  const all = groupsOf(...ROWS);

  it.each([
    [['gateway'], ['1']],
    [['connector'], ['2']],
    [['router'], []],
    [
      ['connector', 'router', 'gateway'],
      ['1', '2'],
    ],
  ])('of %j needs certificates for groups %j', (parts, ids) => {
    expect(groupsWithTls(all, parts).map(({ id }) => id)).toEqual(ids);
  });

  it('says which groups it does not serve so, and does not start for none at all', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    checkTls(environment, all, ['gateway']);
    expect(write.mock.calls.flat().join('')).toMatch(/^mm2ss: group 1: TLS is configured .* not served that way\n$/);
    expect(() => checkTls(environment, groupsOf(ROWS[0] ?? ''), ['gateway'])).toThrow(UsageError);
    expect(() => checkTls(environment, groupsOf(ROWS[0] ?? ''), ['router'])).not.toThrow();
    expect(() => checkTls({ ...environment, tlsDir: '/tls' }, all, ['gateway'])).not.toThrow();
  });
});

describe('the key log', () => {
  it('is for us alone to read, is added to, and raises the alarm for as long as it is written', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mm2ss-keys-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const keyLog = join(directory, 'keys');
    writeFileSync(keyLog, 'before\n');
    chmodSync(keyLog, 0o644);
    const lines: { readonly event?: string }[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line) as object) };
    const { logger } = createLogger({ level: 'info', destination });
    const clock = new FakeClock();
    const alarms = (): number => lines.filter(({ event }) => event === 'tls_keylog').length;
    const options = { directory, crlExpired: 'warn', maxAgeMs: Infinity, handshakes: 1, keyLog } as const;
    const tls = await openTls(options, { clock, logger, registry: createRegistry({ processMetrics: false }) });
    expect(alarms()).toBe(1);
    tls.onKeyLog?.(Buffer.from('CLIENT_RANDOM x y\n'));
    expect(readFileSync(keyLog, 'utf8')).toBe('before\nCLIENT_RANDOM x y\n');
    expect(statSync(keyLog).mode & 0o777).toBe(0o600);
    await clock.advanceAsync(3_600_000, 1000);
    expect(alarms()).toBe(2);
    tls.stop();
    tls.onKeyLog?.(Buffer.from('too late'));
    expect(readFileSync(keyLog, 'utf8')).not.toContain('late');
  });
});
