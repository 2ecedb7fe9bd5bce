import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOneFile } from '../program-files.js';

/** The multiplexer under demonstration. */
export interface RunningMultiplexer {
  readonly description: string;
  /** Resolves when it has ended, wanted or not; rejects never. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

export interface MultiplexerOptions {
  /** Its configuration file. */
  readonly file: string;
  /** Folder it runs in: its log files go there. */
  readonly folder: string;
  /** Where it serves health, metrics and status. */
  readonly http: string;
}

/** It has this long to end by itself. */
const KILL_AFTER_MS = 5_000;
const LOG_TAIL_LINES = 15;

/** Starts the real multiplexer, `mm2ss run`, as a process of its own. */
export function startMultiplexer({ file, folder, http }: MultiplexerOptions): RunningMultiplexer {
  const log = join(folder, 'multiplexer.log');
  const output = openSync(log, 'w');
  // This very command, so that it is the same from a checkout, in an image and as one file.
  const command = isOneFile ? [] : [process.argv[1] ?? ''];
  const child = spawn(process.execPath, [...command, 'run', '-i', file, '-n', '--http', http], {
    cwd: folder,
    stdio: ['ignore', output, output],
    // A group of its own: Ctrl-C is for the demo, which then ends its multiplexer in order.
    detached: true,
  });
  closeSync(output);
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.on('exit', killWithUs);
  let stopping = false;
  const ended = waitFor(child).then((how) => {
    process.removeListener('exit', killWithUs);
    return stopping ? how : `${how}\n${tail(log)}`;
  });
  return {
    description: `mm2ss run -i ${file} -n --http ${http} (process ${child.pid ?? '?'})`,
    ended,
    stop: async () => {
      stopping = true;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function waitFor(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    return `the multiplexer ended with ${signal ?? `exit code ${code}`}`;
  } catch (error) {
    return `the multiplexer could not be started: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function tail(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}
