import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryBus } from '@iec104mm2ss/bus';
import { AUDIT_JOURNAL, AUDIT_LIMITS } from '@iec104mm2ss/router';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { audit, type AuditFlags, registerAudit } from './audit.js';

const record = (number: number, more: object = {}): string =>
  JSON.stringify({
    group: number % 2 === 0 ? '222' : '111',
    at: new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString(),
    session: 5,
    command: number,
    peer: '10.1.1.5:40000',
    name: 'A',
    certificateName: null,
    type: 'C_SC_NA_1',
    cause: 'ACT',
    ca: 32,
    ioa: number,
    select: false,
    objects: [{ ioa: number, value: true }],
    outcome: 'terminated',
    durationMs: 3,
    ...more,
  });

describe('mm2ss audit', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mm2ss-audit-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** What one process has stored. */
  async function store(records: readonly string[]): Promise<void> {
    const bus = new MemoryBus({ directory });
    const journal = bus.journal(AUDIT_JOURNAL, AUDIT_LIMITS);
    await Promise.all(
      records.map((json, index) => {
        const { group = '1', command = index } = JSON.parse(json) as { group?: string; command?: number };
        return journal.append(group, `${group}.${command}`, Buffer.from(json));
      }),
    );
    await bus.close();
  }

  async function run(flags: Partial<AuditFlags>): Promise<{ lines: string[]; said: string[] }> {
    const lines: string[] = [];
    const said: string[] = [];
    const output = { line: (text: string) => lines.push(text), say: (text: string) => said.push(text) };
    await audit({ last: '100', logDir: directory, ...flags }, {}, output);
    return { lines, said };
  }
  const commandsOf = (lines: readonly string[]): number[] =>
    lines.map((line) => (JSON.parse(line) as { command: number }).command);

  it('lists the file of one process, and what it was before it was full, oldest first', async () => {
    await store([record(1), record(2)]);
    await rename(join(directory, 'audit.jsonl'), join(directory, 'audit.jsonl.1'));
    await store([record(3)]);
    const { lines, said } = await run({});
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^TIME +GROUP +MASTER/);
    expect(lines[3]).toMatch(/^2026-01-01T00:03:00.000Z {2}111 .* 3 {2}value=true {2}terminated {2} 3$/);
    expect(said).toEqual([]);
  });

  it('prints the documents as they are with --json', async () => {
    await store([record(1), record(2)]);
    expect((await run({ json: true })).lines).toEqual([record(1), record(2)]);
  });

  it('filters, and then takes the newest of what is left', async () => {
    const numbers = Array.from({ length: 500 }, (_, index) => index + 1);
    await store(numbers.map((number) => record(number)));
    expect(commandsOf((await run({ json: true, group: ['111'], last: '3' })).lines)).toEqual([495, 497, 499]);
    expect(commandsOf((await run({ json: true, group: ['7', '100-200'], last: '3' })).lines)).toEqual([495, 497, 499]);
    expect(commandsOf((await run({ json: true, last: '0' })).lines)).toEqual(numbers);
    expect((await run({ json: true })).lines).toHaveLength(100);
    expect(commandsOf((await run({ json: true, ioa: ['7', '8'], ca: ['32'] })).lines)).toEqual([7, 8]);
    const since = new Date(Date.UTC(2026, 0, 1) + 499 * 60_000).toISOString();
    expect(commandsOf((await run({ json: true, since })).lines)).toEqual([499, 500]);
  });

  it('shows refused and unknown ones', async () => {
    const refused = record(2, { outcome: 'refused: not the owner' });
    await store([record(1), refused, record(3, { outcome: 'unknown' })]);
    expect(commandsOf((await run({ json: true, outcome: ['refused', 'unknown'] })).lines)).toEqual([2, 3]);
  });

  it('says what it left out, and when nothing fits', async () => {
    await store(['{"b":2}', record(1), '{"a":1}']);
    expect(await run({ type: ['C_DC_NA_1'] })).toEqual({
      lines: [],
      said: ['2 entries are no audit records and were left out', 'no record fits'],
    });
  });

  it('says where records are when there is no file', async () => {
    await expect(run({})).rejects.toThrow(/there is no .*audit\.jsonl.*--log-dir.*--nats/);
  });

  it.each<[Partial<AuditFlags>, string]>([
    [{ since: 'soon' }, '--since soon: not a time'],
    [{ ca: ['x'] }, '--ca x: not a common address, 0..65535'],
    [{ ioa: ['1', '-1'] }, '--ioa -1: not an information object address'],
    [{ last: 'all' }, '--last all: how many records to list'],
    [{ nats: 'nats://127.0.0.1:1' }, 'one of them only'],
    [{ group: ['a'] }, '--group: must be ids of groups'],
  ])('refuses %j', async (flags, message) => {
    await expect(run(flags)).rejects.toThrow(message);
  });

  it('explains itself', () => {
    const program = new Command('mm2ss');
    registerAudit(program);
    const help: string[] = [];
    const command = program.commands[0]!;
    command.configureOutput({ writeOut: (text) => void help.push(text) }).outputHelp();
    for (const flag of [
      'group',
      'master',
      'type',
      'ca',
      'ioa',
      'outcome',
      'since',
      'last',
      'json',
      'log-dir',
      'nats',
    ]) {
      expect(help.join('')).toContain(`--${flag}`);
    }
    expect(help.join('')).toContain('mm2ss audit --group 111 --since 2h');
  });
});
