/**
 * The manual's command line, of `iec104mm2ss.exe`: without a command, or with an option first. It has two forms, which are not
 * mixed: options of the program (`-i FILE`, `-s HOST`, `-t SECONDS`, `-n`, `-c`), and options of the service before a verb
 * (`--startup auto install`).
 */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';

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
/** For `--help` of iec104mm2ss.exe. */
export const MANUAL_HELP = `
Without a command it is the multiplexer, and its service, as the manual has them:
  iec104mm2ss [-i FILE] [-s NTP-SERVER]... [-t SECONDS] [-n] [-c]      see iec104mm2ss run --help
  iec104mm2ss [--startup auto] [--name NAME] ${VERBS.join('|')} [-i FILE]...
                                                                       see iec104mm2ss install --help
`;

/** They are about the command as a whole. */
const GENERAL = ['-h', '--help', '-V', '--version', 'help'];

/** What a command line means, as arguments of `mm2ss`. Pure, see readCommandLine. */
export function commandOf(given: readonly string[]): string[] {
  const [first] = given;
  const at = verbAt(given);
  const verb = given[at];
  // `restart GROUP` is a command of an operator, about the link to an RTU.
  const isOperators = verb === 'restart' && at === 0 && given.length > 1 && !given[1]!.startsWith('-');
  // What stands before it is about a service that is installed, and this one is not.
  if (verb === 'debug') return ['run', '--service', ...given.slice(at + 1)];
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
 * beside the program, so that is where the process goes. Only the file of `-i` may be in the folder it was started in, too: also
 * that of a service which is installed from there.
 */
export function readCommandLine(given: readonly string[]): string[] {
  const command = commandOf(given);
  const from = process.cwd();
  const beside = dirname(process.execPath);
  const isRun = command[0] === 'run' && given[0] !== 'run';
  if (!isRun && command[0] !== 'service') return command;
  if (isRun) process.chdir(beside);
  return withFile(command, (file) => placeOf(file, from, beside));
}

/** A file that is in the folder where the command is given, and not beside the program, by its whole path; any other as it is. */
export function placeOf(file: string, from: string, beside: string): string {
  const here = resolve(from, file);
  return relative(from, beside) !== '' && existsSync(here) ? here : file;
}

/** The arguments with the file of `-i` as `place` has it. */
export function withFile(given: readonly string[], place: (file: string) => string): string[] {
  return given.map((word, i) => {
    const before = given[i - 1];
    if (before === '--ini' || /^-[nc]*i$/.test(before ?? '')) return isAbsolute(word) ? word : place(word);
    const [, option, file] = /^(-[nc]*i|--ini=)(.+)$/.exec(word) ?? [];
    return option === undefined || file === undefined || isAbsolute(file) ? word : `${option}${place(file)}`;
  });
}
