/** What the pages for the person on call tell to type, the program takes. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { registerAudit } from './audit.js';
import { registerChart } from './chart.js';
import { registerCheck } from './check.js';
import { registerDiff } from './diff.js';
import { registerNatsAuth } from './nats-auth.js';
import { registerNatsReload } from './nats-reload.js';
import { registerNatsSetup } from './nats-setup.js';
import { registerOperator } from './operator.js';
import { registerParts } from './parts.js';
import { registerRun } from './run.js';
import { registerTls } from './tls.js';
import { registerWatch } from './watch.js';

const folder = fileURLToPath(new URL('../../../../docs/runbooks/', import.meta.url));

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

describe('the runbooks', () => {
  const commands = readdirSync(folder).flatMap((page) =>
    commandsIn(readFileSync(folder + page, 'utf8')).map((words) => [page, words.join(' ')] as const),
  );

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
});
