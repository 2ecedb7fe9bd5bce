import { pino, stdTimeFunctions, type DestinationStream, type Level, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { DescriptorSink } from './descriptor-sink.js';
import { GroupLogs, type GroupLogEvent, type GroupLogOptions } from './group-logs.js';
import { flushAllNow, LineWriter } from './line-writer.js';
import { PeerLineHook } from './peer-line-hook.js';
import type { LogRing } from './log-ring.js';
import type { LineClock } from './peer-lines.js';
import type { SecurityEventName } from './security/security-events.js';
import { LOG_FILE_BOUNDS, RotatingFileSink } from './rotating-file-sink.js';
import { eventIdOf, isSecurityEvent, keepLedger, SecurityLedger } from './security/security-ledger.js';

export type { Logger } from 'pino';

/** Injection token of Logger. */
export const LOGGER = Symbol('LOGGER');

export type LogLevel = Level | 'silent';

export interface LoggerOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** For people instead of JSON; default: when standard output is a terminal. */
  readonly pretty?: boolean;
  readonly groupLogs?: GroupLogOptions;
  /** Bounds the lines that peers can cause, see PeerLines, by this clock; default: they are not bounded. */
  readonly peerLines?: LineClock;
  /** Name of this process, in its security events. */
  readonly instance?: string;
  /** Gets the security events too, as JSON lines; they are written at any log level but `silent` then. */
  readonly securityOutput?: DestinationStream | undefined;
  /** Keeps the last lines, for people who look at this process. */
  readonly ring?: LogRing | undefined;
  /** Takes the lines instead of standard output. */
  readonly destination?: DestinationStream;
  /** A file that does, moved aside when it has grown to its bound. */
  readonly file?: string | undefined;
}

/** The process's logger, and what has to be done with it before the process ends. */
export interface Logging {
  /** Children (`logger.child({ group })`) are cheap; a level that is off costs a call of an empty function. */
  readonly logger: Logger;
  /** These groups have a file from now on; without `groupLogs` none has. */
  setGroupLogs(groups: GroupLogOptions['groups']): void;
  /** Resolves when all lines so far are written or given up. */
  flush(): Promise<void>;
  /** The last call at shutdown: writes what is left and closes the files; never rejects, never takes long. */
  close(): Promise<void>;
  /** Lines given up, because their destination failed or was too slow; for a metric. */
  droppedLines(): number;
  /** Lines left out, as a peer caused too many of them; each is told in the log. For a metric. */
  leftOutLines(): number;
  /** How often there was such a security event, written or left out. For a metric. */
  securityEvents(event: SecurityEventName): number;
}

/** A pipe takes this many octets whole or not at all, so that an end in the middle of a write tears no line. */
const PIPE_BUF = 4096;
/** A destination that does not take its lines in this time is left alone at shutdown. */
const CLOSE_LIMIT_MS = 2000;

/**
 * JSON lines on standard output (pretty on a terminal) and, for the groups named, in a file each. Fields: see LogFields;
 * `level` is a word, `time` ISO 8601. Writing never blocks the event loop, never throws and is bounded in memory: lines
 * a destination cannot take are dropped and counted. What is still waiting when the process ends on its own or by
 * `process.exit` is written then.
 */
export function createLogger(options: LoggerOptions = {}): Logging {
  const { level = 'info', groupLogs, securityOutput, ring } = options;
  const console = consoleOutput(options);
  const groups = groupLogs === undefined ? undefined : new GroupLogs(groupLogs, reportGroupLog);
  const destination: DestinationStream = {
    write(line) {
      console.write(line);
      groups?.write(line);
      ring?.add(line);
      if (securityOutput !== undefined && isSecurityEvent(line)) securityOutput.write(line);
    },
  };

  const ledger = new SecurityLedger(options.instance, securityOutput !== undefined && level !== 'silent');
  const hook = options.peerLines && new PeerLineHook(options.peerLines, () => logger);
  const logger: Logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { octets: hexadecimal },
      hooks: {
        logMethod(args, method, number) {
          if (hook !== undefined && !hook.passes(this, args, number)) return;
          if (eventIdOf(args[0]) !== undefined) Object.assign(args[0] as object, ledger.number());
          method.apply(this, args);
        },
      },
    },
    destination,
  );
  keepLedger(logger, ledger);

  function reportGroupLog({ group, path, error, droppedLines }: GroupLogEvent): void {
    if (error) logger.error({ group, path, reason: error.message }, 'group log file cannot be written');
    else logger.warn({ group, path, dropped_lines: droppedLines }, 'group log file is written again');
  }

  const tellRest = (): void => hook?.tellAll();
  // Before what waits to be written is flushed.
  if (hook) process.prependListener('exit', tellRest);
  const writeRest = (): void => groups?.flushNow();
  if (groups) process.on('exit', writeRest);

  return {
    logger,
    setGroupLogs: (wanted) => groups?.setGroups(wanted),
    flush: async () => void (await Promise.all([console.flush(), groups?.flush()])),
    close: async () => {
      tellRest();
      process.off('exit', tellRest);
      // Files first: their trouble is still reported on standard output.
      await withinLimit(Promise.resolve(groups?.close()).then(() => console.flush()));
      process.off('exit', writeRest);
      writeRest();
    },
    droppedLines: () => console.droppedLines() + (groups?.droppedLines ?? 0),
    leftOutLines: () => hook?.leftOut ?? 0,
    securityEvents: (event) => ledger.countOf(event),
  };
}

/** Octets are written out only in lines that are written. */
function hexadecimal(octets: unknown): unknown {
  return octets instanceof Uint8Array ? Buffer.from(octets).toString('hex') : octets;
}

/** A logger that says nothing, for tests and for tools that print by other means. */
export function createSilentLogger(): Logger {
  return pino({ level: 'silent' });
}

interface ConsoleOutput extends DestinationStream {
  flush(): Promise<void>;
  droppedLines(): number;
}

function consoleOutput({ destination, file, pretty }: LoggerOptions): ConsoleOutput {
  if (destination) return immediate((line) => destination.write(line));
  if (file === undefined && (pretty ?? process.stdout.isTTY)) return terminal();
  const sink = file === undefined ? new DescriptorSink(1) : new RotatingFileSink({ path: file, ...LOG_FILE_BOUNDS });
  const writer = new LineWriter(sink, {
    ...(file === undefined ? { maxBatchCharacters: PIPE_BUF } : {}),
    onFailure: (error) => complain(`log: ${file ?? 'standard output'} cannot be written: ${error.message}\n`),
  });
  process.on('exit', () => flushAllNow([writer]));
  return {
    write: (line) => writer.write(line),
    flush: () => writer.flush(),
    droppedLines: () => writer.droppedLines,
  };
}

/** A terminal is written at once: it is read by a person, and the order with other output is kept. */
function terminal(): ConsoleOutput {
  const format = prettyFactory({
    colorize: process.stdout.hasColors?.() ?? false,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  let gone = false;
  process.stdout.on('error', () => (gone = true));
  return immediate((line) => {
    if (!gone) process.stdout.write(String(format(line)));
  });
}

function immediate(write: (line: string) => void): ConsoleOutput {
  return { write, flush: () => Promise.resolve(), droppedLines: () => 0 };
}

function complain(text: string): void {
  try {
    process.stderr.write(text);
  } catch {
    // Nobody is left to be told.
  }
}

async function withinLimit(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_LIMIT_MS)));
  await Promise.race([work.catch(() => undefined), limit]);
  clearTimeout(timer);
}
