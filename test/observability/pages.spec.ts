/** What the pages for operators name exists: commands with their options, metrics, alerts, files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ALERTS, RECORDINGS, THRESHOLD } from '@iec104mm2ss/monitoring';
import { METRICS, type MetricName, seriesOf } from '@iec104mm2ss/observability';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { registerAudit } from '../../apps/mm2ss/src/commands/audit.js';
import { registerChart } from '../../apps/mm2ss/src/commands/chart.js';
import { registerCheck } from '../../apps/mm2ss/src/commands/check.js';
import { registerDiff } from '../../apps/mm2ss/src/commands/diff.js';
import { registerNatsAuth } from '../../apps/mm2ss/src/commands/nats-auth.js';
import { registerNatsReload } from '../../apps/mm2ss/src/commands/nats-reload.js';
import { registerNatsSetup } from '../../apps/mm2ss/src/commands/nats-setup.js';
import { registerOperator } from '../../apps/mm2ss/src/commands/operator.js';
import { registerParts } from '../../apps/mm2ss/src/commands/parts.js';
import { registerRun } from '../../apps/mm2ss/src/commands/run.js';
import { registerTls } from '../../apps/mm2ss/src/commands/tls.js';
import { registerWatch } from '../../apps/mm2ss/src/commands/watch.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (page: string): string => readFileSync(root + page, 'utf8');
const runbooks = readdirSync(`${root}docs/runbooks`).map((name) => `docs/runbooks/${name}`);
const pages = [
  ...runbooks,
  ...['metrics', 'alerts', 'monitoring', 'security-events', 'nats'].map((name) => `docs/${name}.md`),
];

const program = new Command('mm2ss');
for (const register of [
  ...[registerRun, registerParts, registerOperator, registerCheck, registerDiff, registerWatch, registerAudit],
  ...[registerNatsAuth, registerNatsSetup, registerNatsReload, registerChart, registerTls],
])
  register(program);

/** Why the program would not take it; undefined: it would. */
function problem(words: readonly string[]): string | undefined {
  let command = program;
  let rest = [...words];
  for (let next = find(command, rest[0]); next !== undefined; next = find(command, rest[0])) {
    command = next;
    rest = rest.slice(1);
  }
  if (command === program) return 'there is no such command';
  const { operands, unknown } = command.parseOptions(rest);
  if (unknown.length > 0) return `it does not know ${unknown.join(' ')}`;
  const { registeredArguments: wanted } = command;
  const needed = wanted.filter(({ required }) => required).length;
  if (operands.length < needed) return `it needs ${needed} arguments`;
  if (operands.length > wanted.length && wanted.at(-1)?.variadic !== true) return `it takes ${wanted.length} arguments`;
  return undefined;
}

const find = (command: Command, name = ''): Command | undefined =>
  command.commands.find((each) => each.name() === name);

/** Commands of ours: lines of blocks of shell, behind `kubectl exec ... --` too, and what stands in the text as code. */
function commandsIn(text: string): string[][] {
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) =>
    block.replaceAll('\\\n', ' ').split('\n'),
  );
  const inline = [...text.replaceAll(/^```.*?^```/gms, '').matchAll(/`(mm2ss [^`]+)`/g)].map(([, code = '']) =>
    code.replaceAll(/\s+/g, ' '),
  );
  return [...blocks, ...inline].flatMap((line) => {
    const [, command] = /(?:^|-- )mm2ss ([^#|]+)/.exec(line) ?? [];
    return command === undefined
      ? []
      : [
          command
            .trim()
            .split(/\s+/)
            .filter((word) => word !== '...'),
        ];
  });
}

describe('the pages for operators', () => {
  const commands = runbooks.flatMap((page) => commandsIn(read(page)).map((words) => [page, words.join(' ')] as const));

  it('are searched for commands', () => {
    expect(commands.length).toBeGreaterThan(50);
    for (const [words, why] of [
      ['mm2ss stauts', 'no such command'],
      ['mm2ss status 1 --jsn', 'does not know'],
      ['mm2ss disconnect 1', 'needs 2'],
      ['mm2ss restart 1 2', 'takes 1'],
    ] as const)
      expect(problem(words.split(' ').slice(1)), words).toContain(why);
  });

  it.each(commands)('%s: the program takes `mm2ss %s`', (_page, command) => {
    expect(problem(command.split(' '))).toBeUndefined();
  });

  const series = (Object.keys(METRICS) as MetricName[]).flatMap((name) => [name, ...seriesOf(name)]);

  it.each(pages)('%s: every metric is in the catalogue', (page) => {
    // `mm2ss_tls_...` and `mm2ss_syslog_sent_total` are such; what ends in `_` or before `...` or `*` is the beginning of some.
    const named = [...read(page).matchAll(/\b(mm2ss_[a-z0-9_]*)(\.{3}|\*)?/g)].map(([, name = '', open]) => ({
      name,
      open,
    }));
    const strange = named.filter(({ name, open }) =>
      open !== undefined || name.endsWith('_')
        ? !series.some((each) => each.startsWith(name))
        : !series.includes(name as MetricName),
    );
    expect(strange).toEqual([]);
  });

  it.each(pages)('%s: every recorded series and every file is there', (page) => {
    const text = read(page);
    const recorded: string[] = [THRESHOLD, ...RECORDINGS.map(({ record }) => record)];
    const named = [...text.matchAll(/\bmm2ss:[a-z_:]+[a-z_]/g)].map(([name]) => name);
    expect(named.filter((name) => !recorded.includes(name))).toEqual([]);
    const files = [...text.matchAll(/`((?:libs|services|apps|deploy|test|docs|bench|tools)\/[\w./-]+)`/g)].map(
      ([, name = '']) => name,
    );
    expect(files.filter((name) => !existsSync(root + name))).toEqual([]);
  });

  it.each(runbooks)('%s: every alert is one of ours', (page) => {
    const names = ALERTS.map(({ alert }) => alert);
    const linked = [...read(page).matchAll(/\[([A-Z]\w+)\]\([a-z-]+\.md\)/g)].map(([, name = '']) => name);
    expect(linked.filter((name) => !names.includes(name))).toEqual([]);
  });
});
