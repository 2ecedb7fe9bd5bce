/** This process as a service of Windows: what the service manager asks of it, and what it has in place of a terminal. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { EXIT_USAGE } from '../process/exit-codes.js';
import { type ServiceManager, serviceManager } from './service-manager.js';

const CONTROL_STOP = 1;
const CONTROL_SHUTDOWN = 5;
const CONTROL_PARAMCHANGE = 6;
/** Characters of standard error that are kept for the event log. */
const LAST_WORDS = 2_000;

export interface ServiceProcess {
  /** By which the service manager knows it. */
  readonly name: string;
  /** The process's log lines, and what it would have said on standard error. */
  readonly logFile: string;
  /** Tells the service manager that the start has come to its end. */
  running(): void;
}

let current: ServiceProcess | undefined;

/** This process as a service; undefined: it is a program that somebody has started. */
export const serviceProcess = (): ServiceProcess | undefined => current;

/** Whether `run` is told to be a service: `-c`, also in one word with others (`-nc`, `-ci FILE`). */
export function isToServe([command, ...options]: readonly string[]): boolean {
  return command === 'run' && options.some((option) => option === '--service' || /^-n*c/.test(option));
}

/**
 * Answers the service manager, if it has started this process; else nothing happens, and the program runs where it was started.
 *
 * - Relative paths are from the program's folder, as the manual has it: Windows starts a service in its own.
 * - A stop is a SIGTERM, a shutdown of the machine too; `sc control NAME paramchange` is a SIGHUP, which reads the configuration.
 * - A process that ends by itself leaves it to the service manager to start it again, unless its configuration was at fault.
 *
 * @param args command and options; those of `sc start NAME ...` are added
 */
export function enterService(args: string[], manager: ServiceManager = serviceManager()): void {
  const words = manager.enter((control) => {
    if (control === CONTROL_STOP || control === CONTROL_SHUTDOWN) process.emit('SIGTERM');
    else if (control === CONTROL_PARAMCHANGE) process.emit('SIGHUP');
  });
  if (words === undefined) return;
  const [name = '', ...more] = words;
  process.chdir(dirname(process.execPath));
  args.push(...more);
  const logFile = resolve(logFolder(args), `${name.replace(/[^\p{L}\p{N}._-]+/gu, '-')}.log`);
  const lastWords = replaceOutput(logFile, (reason) =>
    tellEventLog(manager, name, `Its log ${logFile} cannot be written: ${reason}`),
  );
  const end = (exitCode: number): void => {
    if (exitCode !== 0) tellEventLog(manager, name, `The service ended with exit code ${exitCode}. ${lastWords()}`);
    // Without this Windows takes the end for a failure, and starts the service again if it is told to.
    if (exitCode === 0 || exitCode === EXIT_USAGE) manager.stopped(exitCode);
  };
  process.on('exit', end);
  current = {
    name,
    logFile,
    running: () => {
      // After those who write their last lines at the end.
      process.off('exit', end).on('exit', end);
      manager.running();
    },
  };
}

function logFolder(args: readonly string[]): string {
  const at = args.findLastIndex((word) => word === '--log-dir' || word.startsWith('--log-dir='));
  if (at < 0) return 'log';
  return args[at]!.includes('=') ? args[at]!.slice('--log-dir='.length) : (args[at + 1] ?? 'log');
}

/** A service has neither standard output nor error. What is written there becomes lines of its log. @returns the last of them */
function replaceOutput(logFile: string, cannot: (reason: string) => void): () => string {
  const lines = new LogLines(logFile, cannot);
  for (const name of ['stdout', 'stderr'] as const) {
    const write = (chunk: string | Buffer, _: unknown, done: () => void): void => {
      lines.write(chunk.toString());
      done();
    };
    const stream = new Writable({ decodeStrings: false, write });
    Object.defineProperty(process, name, { value: stream, configurable: true });
  }
  process.on('uncaughtExceptionMonitor', ({ stack, message }) => process.stderr.write(stack ?? message));
  return () => lines.last;
}

/** Texts as lines of a log file. */
export class LogLines {
  /** The end of what was written, also where it could not be. */
  last = '';
  private isTold = false;

  /** @param cannot hears why a text is not in the file; once, until one is again. A disk that is full ends no service */
  constructor(
    private readonly file: string,
    private readonly cannot: (reason: string) => void,
  ) {}

  write(text: string): void {
    this.last = `${this.last}${text}`.slice(-LAST_WORDS);
    const line = { level: 'error', time: new Date().toISOString(), msg: text.trimEnd() };
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      appendFileSync(this.file, `${JSON.stringify(line)}\n`);
      this.isTold = false;
    } catch (error) {
      if (!this.isTold) this.cannot((error as Error).message);
      this.isTold = true;
    }
  }
}

function tellEventLog(manager: ServiceManager, name: string, text: string): void {
  try {
    manager.reportError(name, text.trim());
  } catch (error) {
    process.stderr.write(`mm2ss: event log: ${(error as Error).message}\n`);
  }
}
