import { setTimeout } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { isOneFile } from '../program-files.js';
import {
  ERROR_ACCESS_DENIED,
  ERROR_SERVICE_NOT_ACTIVE,
  NO_CHANGE,
  RUNNING,
  type ServiceManager,
  serviceManager,
  STOPPED,
} from '../windows/service-manager.js';
import { UnavailableError, UsageError } from './errors.js';

const NAME = 'iec104mm2ss';
const DISPLAY_NAME = 'IEC104 Multiple Masters to Single Slave';
/** SERVICE_WIN32_OWN_PROCESS, and with SERVICE_INTERACTIVE_PROCESS. */
const OWN_PROCESS = 0x10;
const INTERACTIVE_PROCESS = 0x110;
/** SERVICE_AUTO_START and so on; a delayed start is an automatic one. */
const START_TYPES = { manual: 3, auto: 2, disabled: 4, delayed: 2 } as const;
/** How long `restart` waits for the end: longer than a clean one may take. */
const RESTART_WAIT_SEC = 30;
const LOOK_EVERY_MS = 200;

interface ServiceFlags {
  readonly name: string;
  readonly displayName?: string;
  readonly username?: string;
  readonly password?: string;
  readonly startup?: keyof typeof START_TYPES;
  readonly interactive?: boolean;
  readonly perfmonini?: string;
  readonly perfmondll?: string;
  readonly wait?: string;
}

/** What the commands are done with; replaced in tests. */
export interface ServiceDesk {
  readonly manager: () => ServiceManager;
  readonly program: string;
  readonly say: (line: string) => void;
}

const DESK: ServiceDesk = {
  manager: () => {
    if (isOneFile && process.platform === 'win32') return serviceManager();
    throw new UsageError('service: for iec104mm2ss.exe on Windows; on Linux it is systemctl, see docs/packages.md');
  },
  program: process.execPath,
  say: (line) => void process.stdout.write(`${line}\n`),
};

export function registerService(program: Command, desk: ServiceDesk = DESK): void {
  const service = program
    .command('service')
    .description('install, remove, start and stop iec104mm2ss.exe as a service of Windows')
    .enablePositionalOptions()
    .addHelpText('after', '\nThe manual writes options first: iec104mm2ss --startup auto install');
  const add = (
    verb: string,
    description: string,
    act: (flags: ServiceFlags, words: string[]) => Promise<void> | void,
  ) =>
    service
      .command(`${verb} [words...]`)
      .description(description)
      .option('--name <name>', 'name of the service: several are told apart by it', NAME)
      .allowUnknownOption()
      .passThroughOptions()
      .action((words: string[], flags: ServiceFlags) => attempt(() => act(flags, words)));
  for (const [verb, description, act] of [
    ['install', 'installs it; what follows is its command line: install -i south.csv', install],
    ['update', 'changes what is given: account, startup, command line', update],
  ] as const) {
    add(verb, description, (flags, words) => act(desk, flags, words))
      .option('--display-name <text>', 'name that people see')
      .option('--username <account>', 'account it runs under, DOMAIN\\user (default: LocalSystem)')
      .option('--password <password>', 'of the account')
      .addOption(new Option('--startup <how>', 'when it starts (default: manual)').choices(Object.keys(START_TYPES)))
      .option('--interactive', 'may use the desktop')
      .option('--perfmonini <file>', 'not used: /metrics has its performance data')
      .option('--perfmondll <file>', 'not used');
  }
  add('remove', 'removes it; a running one ends first', (flags) => remove(desk, flags));
  add('start', 'starts it', (flags, words) => start(desk, flags, words)).option('--wait <seconds>', 'until it runs');
  add('stop', 'stops it: masters get what is queued', (flags) => stop(desk, flags)).option(
    '--wait <seconds>',
    'until it has stopped; services that depend on it are stopped first, each in that time',
  );
  add('restart', 'stops and starts it', (flags, words) => restart(desk, flags, words)).option(
    '--wait <seconds>',
    'until it runs again',
  );
}

function install(desk: ServiceDesk, flags: ServiceFlags, words: string[]): void {
  const { name, startup = 'manual' } = flags;
  const shown = flags.displayName ?? (name === NAME ? DISPLAY_NAME : `${DISPLAY_NAME} (${name})`);
  const line = commandLine(desk.program, words);
  tellUnused(desk, flags);
  const manager = desk.manager();
  const type = flags.interactive === true ? INTERACTIVE_PROCESS : OWN_PROCESS;
  const isDelayed = Number(startup === 'delayed');
  manager.install(name, shown, line, type, START_TYPES[startup], isDelayed, account(flags), flags.password);
  desk.say(`service ${name} installed, startup ${startup}: ${line}`);
}

function update(desk: ServiceDesk, flags: ServiceFlags, words: string[]): void {
  const { name, startup } = flags;
  tellUnused(desk, flags);
  const line = words.length > 0 ? commandLine(desk.program, words) : undefined;
  const startType = startup === undefined ? NO_CHANGE : START_TYPES[startup];
  const type = flags.interactive === true ? INTERACTIVE_PROCESS : NO_CHANGE;
  desk.manager().update(name, line, type, startType, Number(startup === 'delayed'), account(flags), flags.password);
  desk.say(`service ${name} changed${line === undefined ? '' : `: ${line}`}`);
}

async function remove(desk: ServiceDesk, { name }: ServiceFlags): Promise<void> {
  const manager = desk.manager();
  if (manager.query(name).state !== STOPPED) {
    stopIt(manager, name);
    await until(manager, name, STOPPED, RESTART_WAIT_SEC);
  }
  manager.remove(name);
  desk.say(`service ${name} removed`);
}

async function start(desk: ServiceDesk, { name, wait }: ServiceFlags, words: string[]): Promise<void> {
  const seconds = secondsOf(wait);
  const manager = desk.manager();
  manager.start(name, ...words);
  if (seconds !== undefined) await until(manager, name, RUNNING, seconds);
  desk.say(`service ${name} ${seconds === undefined ? 'starts' : 'runs'}`);
}

async function stop(desk: ServiceDesk, { name, wait }: ServiceFlags): Promise<void> {
  const seconds = secondsOf(wait);
  const manager = desk.manager();
  // As the manual has it: with --wait those that depend on it are stopped too, each in that time.
  const dependents = seconds === undefined ? [] : manager.dependents(name);
  for (const each of [...dependents, name]) {
    manager.stop(each);
    if (seconds !== undefined) await until(manager, each, STOPPED, seconds);
    desk.say(`service ${each} ${seconds === undefined ? 'stops' : 'has stopped'}`);
  }
}

async function restart(desk: ServiceDesk, flags: ServiceFlags, words: string[]): Promise<void> {
  const manager = desk.manager();
  stopIt(manager, flags.name);
  await until(manager, flags.name, STOPPED, RESTART_WAIT_SEC);
  await start(desk, flags, words);
}

/** One that has stopped already is as it should be. */
function stopIt(manager: ServiceManager, name: string): void {
  try {
    manager.stop(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).errno !== ERROR_SERVICE_NOT_ACTIVE) throw error;
  }
}

async function until(manager: ServiceManager, name: string, wanted: number, seconds: number): Promise<void> {
  const giveUpAt = performance.now() + seconds * 1000;
  for (;;) {
    const { state, exitCode } = manager.query(name);
    if (state === wanted) return;
    if (state === STOPPED)
      throw new UnavailableError(
        `service ${name} ended with exit code ${exitCode}: see log\\${name}.log beside the program, or the event log of Windows`,
      );
    if (performance.now() > giveUpAt) {
      throw new UnavailableError(
        `service ${name} ${wanted === RUNNING ? 'does not run' : 'has not stopped'} after ${seconds} s`,
      );
    }
    await setTimeout(LOOK_EVERY_MS);
  }
}

/** `"C:\folder\iec104mm2ss.exe" -c WORDS`, with quotes where Windows needs them. */
export function commandLine(program: string, words: readonly string[]): string {
  const quoted = (word: string): string =>
    /^[^\s"]+$/.test(word) ? word : `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
  return [`"${program}"`, '-c', ...words.map(quoted)].join(' ');
}

/** Windows wants to know whose user it is. */
function account({ username }: ServiceFlags): string | undefined {
  return username === undefined || /[\\@]/.test(username) ? username : `.\\${username}`;
}

function tellUnused(desk: ServiceDesk, { perfmonini, perfmondll }: ServiceFlags): void {
  if (perfmonini !== undefined || perfmondll !== undefined) {
    desk.say('performance data is not registered with Windows: /metrics of the program has it');
  }
}

function secondsOf(wait: string | undefined): number | undefined {
  if (wait === undefined) return undefined;
  if (!/^\d{1,5}$/.test(wait)) throw new UsageError(`--wait ${wait}: not a number of seconds`);
  return Number(wait);
}

/** What Windows refuses is for people to read. */
async function attempt(act: () => Promise<void> | void): Promise<void> {
  try {
    await act();
  } catch (error) {
    const { errno, message } = error as NodeJS.ErrnoException;
    if (typeof errno !== 'number') throw error;
    const hint =
      errno === ERROR_ACCESS_DENIED ? ' It takes an administrator: run it in a console that was opened as one.' : '';
    throw new UnavailableError(`service: ${message} (${errno})${hint}`);
  }
}
