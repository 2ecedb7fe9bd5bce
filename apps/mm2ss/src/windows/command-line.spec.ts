import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandOf, placeOf, withFile } from './command-line.js';

const words = (line: string): string[] => (line === '' ? [] : line.split(' '));

describe('the command line of iec104mm2ss.exe', () => {
  // The manual's examples first.
  it.each([
    ['', 'run --open'],
    ['-i iec104rs1.csv', 'run --open -i iec104rs1.csv'],
    [
      '--ntp_server pool.ntp.org --ntp_server time.windows.com',
      'run --open --ntp_server pool.ntp.org --ntp_server time.windows.com',
    ],
    ['-c', 'run --open -c'],
    ['-c -i iec104mm2ss_1.csv', 'run --open -c -i iec104mm2ss_1.csv'],
    ['debug -i a.csv', 'run --service -i a.csv'],
    ['--name south --wait 5 debug -i a.csv', 'run --service -i a.csv'],
    ['-n -t 60', 'run --open -n -t 60'],
    // A file may be named like a verb.
    ['-i start', 'run --open -i start'],
    ['-c -i install', 'run --open -c -i install'],
  ])('%j starts the program: mm2ss %s', (given, expected) => {
    expect(commandOf(words(given))).toEqual(words(expected));
  });

  it.each([
    ['--startup auto install', 'service install --startup auto'],
    ['--username dom\\user --password install install', 'service install --username dom\\user --password install'],
    ['--startup=delayed --interactive update', 'service update --startup=delayed --interactive'],
    ['install', 'service install'],
    ['install -i south.csv', 'service install -i south.csv'],
    ['--name south install -i south.csv', 'service install --name south -i south.csv'],
    ['remove', 'service remove'],
    ['start', 'service start'],
    ['--wait 20 stop', 'service stop --wait 20'],
    ['restart', 'service restart'],
    ['--name south restart', 'service restart --name south'],
    ['restart --wait 5', 'service restart --wait 5'],
  ])('%j is about the service: mm2ss %s', (given, expected) => {
    expect(commandOf(words(given))).toEqual(words(expected));
  });

  it.each([
    '--help',
    '-h',
    '--version',
    'check a.csv',
    'run -i a.csv',
    'restart 111',
    'restart 111 --json',
    'status',
    'nonsense',
  ])('%j is as for mm2ss', (given) => {
    expect(commandOf(words(given))).toEqual(words(given));
  });
});

describe('the file of -i', () => {
  it.each(['-i a.csv', '-ia.csv', '-ci a.csv', '-nia.csv', '--ini a.csv', '--ini=a.csv'])('is found in %j', (given) => {
    expect(withFile(['run', ...words(given), '-s', 'a.csv'], (file) => `/here/${file}`).join(' ')).toBe(
      `run ${given.replace('a.csv', '/here/a.csv')} -s a.csv`,
    );
  });

  it('is in the folder where the command is given, or beside the program', () => {
    const here = import.meta.dirname;
    expect(placeOf('command-line.ts', here, '/beside')).toBe(join(here, 'command-line.ts'));
    expect(placeOf('../cli.ts', here, '/beside')).toBe(resolve(here, '../cli.ts'));
    expect(placeOf('of-nobody.csv', here, '/beside')).toBe('of-nobody.csv');
    // A folder that is moved as a whole keeps its service.
    expect(placeOf('command-line.ts', here, here)).toBe('command-line.ts');
  });

  it('stays when it has a whole path', () => {
    expect(withFile(['run', '-i', '/etc/a.csv'], () => 'another')).toEqual(['run', '-i', '/etc/a.csv']);
  });
});
