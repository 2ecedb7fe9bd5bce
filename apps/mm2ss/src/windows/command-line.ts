/**
 * The manual's command line, of `iec104mm2ss.exe`: without a command, or with an option first. It has two forms, which are not
 * mixed: options of the program (`-i FILE`, `-s HOST`, `-t SECONDS`, `-n`, `-c`), and options of the service before a verb
 * (`--startup auto install`).
 */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';

export const VERBS = ['install', 'update', 'remove', 'start', 'stop', 'restart', 'debug'];
/** Options before a verb that take a value: the manual's, and ours to name one of several services. */
const WITH_VALUE = [
  '--username',
  '--password',
  '--startup',
  '--perfmonini',
  '--perfmondll',
  '--wait',
  '--name',
  '--display-name',
];
const WITHOUT_VALUE = ['--interactive'];
/** They are about the command as a whole. */
const GENERAL = ['-h', '--help', '-V', '--version', 'help'];

/** What a command line means, as arguments of `mm2ss`. Pure, see readCommandLine. */
export function commandOf(given: readonly string[]): string[] {
  const [first] = given;
  const at = verbAt(given);
  const verb = given[at];
  // `restart GROUP` is a command of an operator, about the link to an RTU.
  const isOperators = verb === 'restart' && at === 0 && given.length > 1 && !given[1]!.startsWith('-');
  if (verb === 'debug') return ['run', '--service', ...given.slice(0, at), ...given.slice(at + 1)];
  if (verb !== undefined && !isOperators) return ['service', verb, ...given.slice(0, at), ...given.slice(at + 1)];
  if (first === undefined || (first.startsWith('-') && !GENERAL.includes(first))) return ['run', '--open', ...given];
  return [...given];
}

/** Where the verb of the service is; -1: there is none. */
function verbAt(given: readonly string[]): number {
  for (let i = 0; i < given.length; i++) {
    const word = given[i] ?? '';
    if (VERBS.includes(word)) return i;
    if (WITH_VALUE.includes(word)) i += 1;
    else if (!WITHOUT_VALUE.includes(word) && !WITH_VALUE.some((option) => word.startsWith(`${option}=`))) return -1;
  }
  return -1;
}

/**
 * The same, for this process: in the manual's first form the default file, `log` and whatever else is named without a folder is
 * beside the program, so that is where the process goes. Only the file of `-i` may be in the folder it was started in, too.
 */
export function readCommandLine(given: readonly string[]): string[] {
  const command = commandOf(given);
  if (command[0] !== 'run' || given[0] === 'run') return command;
  const from = process.cwd();
  process.chdir(dirname(process.execPath));
  return withFile(command, (file) => (existsSync(resolve(from, file)) ? resolve(from, file) : file));
}

/** The arguments with the file of `-i` as `place` has it. */
export function withFile(given: readonly string[], place: (file: string) => string): string[] {
  return given.map((word, i) => {
    const before = given[i - 1];
    if (before === '-i' || before === '--ini') return isAbsolute(word) ? word : place(word);
    const [, option, file] = /^(-i|--ini=)(.+)$/.exec(word) ?? [];
    return option === undefined || file === undefined || isAbsolute(file) ? word : `${option}${place(file)}`;
  });
}
