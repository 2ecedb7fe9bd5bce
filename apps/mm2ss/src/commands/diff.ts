import {
  changedColumns,
  type ChangeEffect,
  type Configuration,
  fullEffect,
  type GroupConfig,
  groupChanges,
  newFaults,
  readConfiguration,
  unnamedMasters,
} from '@iec104mm2ss/config';
import type { Command } from 'commander';
import { formatProblem } from './check.js';
import { UsageError } from './errors.js';

export function registerDiff(program: Command): void {
  program
    .command('diff')
    .description('say what a running system would do, group by group, if NEW took the place of OLD')
    .argument('<old>', 'the file in force (.csv)')
    .argument('<new>', 'the file that is to be in force (.csv)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExit code: 0 when no group is concerned, 1 when some are, 2 when NEW would not be taken.')
    .action(async (oldFile: string, newFile: string, options: { readonly json?: boolean }) => {
      const before = await readConfiguration(oldFile);
      if (before.groups.length === 0)
        throw new UsageError(`diff: ${oldFile}: no group loads, so nothing can be compared`);
      const result = diffOf(before, await readConfiguration(newFile));
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : formatDiff(result));
      process.exitCode = result.refused.length > 0 ? 2 : result.groups.length > 0 ? 1 : 0;
    });
}

/** What happens to one group. */
export interface GroupDiff {
  readonly id: string;
  readonly name: string;
  /** `new`, `gone`, or the effect of its changed columns; `filter`: live, but not for masters that it leaves out. */
  readonly effect: ChangeEffect | 'filter' | 'new' | 'gone';
  readonly columns: readonly string[];
  /** Names of masters that the new row has no more; absent: none. */
  readonly unnamed?: readonly string[];
}

export interface ConfigurationDiff {
  /** Why the new file would not be taken at all; empty: it would be. */
  readonly refused: readonly string[];
  /** Only those that something happens to. */
  readonly groups: readonly GroupDiff[];
  readonly unchanged: number;
  /** The general settings differ, which needs a restart. */
  readonly settings: boolean;
}

export function diffOf(before: Configuration, after: Configuration): ConfigurationDiff {
  const refused = newFaults(before, after).map(formatProblem);
  if (refused.length === 0 && after.groups.length === 0) refused.push('no group loads');
  const { added, removed, changed } = groupChanges(before.groups, after.groups);
  const plain = ({ id, name }: GroupConfig, effect: 'new' | 'gone'): GroupDiff => ({ id, name, effect, columns: [] });
  return {
    refused,
    groups: [
      ...removed.map((group) => plain(group, 'gone')),
      ...changed.map((change): GroupDiff => {
        const { id, name } = change.after;
        const columns = changedColumns(change);
        const unnamed = unnamedMasters(change.before.masters, change.after.masters);
        return { id, name, effect: fullEffect(change), columns, ...(unnamed.length > 0 && { unnamed }) };
      }),
      ...added.map((group) => plain(group, 'new')),
    ],
    unchanged: after.groups.length - added.length - changed.length,
    settings: JSON.stringify(before.settings) !== JSON.stringify(after.settings),
  };
}

const EFFECTS: Readonly<Record<GroupDiff['effect'], string>> = {
  new: 'new',
  gone: 'gone: its link is closed, its masters are disconnected, and what is kept for masters that are away is given up',
  live: 'live, nobody is disconnected',
  filter: 'live, masters that the filter leaves out, or that have no rights, are disconnected',
  masters: 'its masters are disconnected and may come back at once; the link to the RTU stays',
  link: 'the link to the RTU is closed and opened anew, so its masters are disconnected',
};

/** The report of `diff`, for people. */
export function formatDiff({ refused, groups, unchanged, settings }: ConfigurationDiff): string {
  if (refused.length > 0) {
    return [
      'The new file would not be taken, nothing would change:',
      ...refused.map((reason) => `  ${reason}`),
      '',
    ].join('\n');
  }
  const lines = groups.flatMap(({ id, name, effect, columns, unnamed = [] }) => {
    const what = columns.length === 0 ? '' : ` (${columns.join(', ')})`;
    const lost = `  not named any more: ${unnamed.join(', ')}: gets nothing of what it misses while it is away, and what is kept for it is given up`;
    return [`group ${id} ${name}: ${EFFECTS[effect]}${what}`, ...(unnamed.length > 0 ? [lost] : [])];
  });
  lines.push(`${unchanged} group${unchanged === 1 ? '' : 's'} unchanged`);
  if (settings) lines.push('the general settings (NTP) count from the next start on');
  return `${lines.join('\n')}\n`;
}
