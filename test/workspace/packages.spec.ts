import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseConfiguration } from '@iec104mm2ss/config';
import { expect, it } from 'vitest';

const packaging = resolve(import.meta.dirname, '../../packaging');
const textOf = (file: string): string => readFileSync(resolve(packaging, file), 'utf8');

it('the unit gives options that the command has', () => {
  const [, command = ''] = /^ExecStart=\/usr\/bin\/mm2ss (.*)$/m.exec(textOf('linux/iec104mm2ss.service')) ?? [];
  const [name = '', ...words] = command.split(' ');
  const help = execFileSync(resolve(packaging, '../bin/mm2ss'), [name, '--help'], { encoding: 'utf8' });
  const options = words.filter((word) => word.startsWith('--'));
  expect(options).toEqual(['--service', '--ini', '--log-dir']);
  for (const option of options) expect(help).toContain(`${option}`);
});

it('the example of the configuration file loads without any remark, once it is no comment', () => {
  const text = textOf('linux/iec104mm2ss.csv');
  expect(parseConfiguration(text).groups).toEqual([]);
  const { groups, problems } = parseConfiguration(text.replace(/^#1,/m, '1,'));
  expect(groups.map(({ id, hosts }) => [id, hosts.length])).toEqual([['1', 2]]);
  expect(problems.filter(({ severity }) => severity !== 'note')).toEqual([]);
});

it.each(['postinst', 'prerm', 'postrm'])('the script %s is one that sh reads', (script) => {
  execFileSync('sh', ['-n', resolve(packaging, 'debian', script)]);
});
