import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';

/** A nats-server on this machine, or in this pod. */
export interface NatsProcess {
  /**
   * Lets it read its configuration.
   *
   * @throws {Error} when it could not be told; the message says why
   */
  reload(): Promise<void>;
  /** Whether it has for certain read files as they have been since then, ms since 1970-01-01 UTC. */
  hasRead(changedAt: number): Promise<boolean>;
  /** When it last took a configuration, as it says itself; undefined: it does not answer. */
  loadedAt(): Promise<string | undefined>;
}

/** How exactly it is known when a process was started, and how long the server reads a configuration at most. */
const START_MARGIN_MS = 50;
const LONGEST_READING_MS = 120_000;
/** Clock ticks in which Linux tells the start of a process. */
const TICKS_PER_SECOND = 100;
/** As Linux cuts names of processes. */
const SERVER = 'nats-server';
const ANSWER_LIMIT_MS = 2_000;
/** `/varz` has some 3,000 octets. */
const ANSWER_LIMIT_OCTETS = 1_000_000;

/** The server whose process id is in a file that it writes itself. */
export class LocalNats implements NatsProcess {
  constructor(
    private readonly pidFile: string,
    private readonly monitor: URL,
  ) {}

  async hasRead(changedAt: number): Promise<boolean> {
    const startedAt = await this.pid().then(startOf, () => undefined);
    if (startedAt !== undefined && changedAt + START_MARGIN_MS < startedAt) return true;
    // It says so when it has read all of it.
    const loadedAt = await this.loadedAt();
    return loadedAt !== undefined && changedAt + LONGEST_READING_MS < Date.parse(loadedAt);
  }

  async reload(): Promise<void> {
    const pid = await this.pid();
    try {
      process.kill(pid, 'SIGHUP');
    } catch (error) {
      throw new Error(
        `process ${pid} of ${this.pidFile}: ${REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? String(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  /** Its process id, for certain. */
  private async pid(): Promise<number> {
    const text = await readFile(this.pidFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new Error(`${this.pidFile} cannot be read (${error.code}): the server has not started yet`);
    });
    const pid = Number(text.trim());
    // Any other number would be a group of processes, or everybody.
    if (!Number.isInteger(pid) || pid < 1) throw new Error(`${this.pidFile} holds no process id`);
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => undefined);
    if (name !== undefined && !name.startsWith(SERVER)) {
      throw new Error(`process ${pid} of ${this.pidFile} is ${name.trim()}, not ${SERVER}: the file is an old one`);
    }
    return pid;
  }

  async loadedAt(): Promise<string | undefined> {
    try {
      const { config_load_time: time } = (await this.varz()) as { readonly config_load_time?: unknown };
      return typeof time === 'string' ? time : undefined;
    } catch {
      return undefined;
    }
  }

  /** With node:http: `fetch` would cost 5 MB. */
  private async varz(): Promise<unknown> {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const request = get(new URL('/varz', this.monitor), { agent: false, signal });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const part of response.setEncoding('utf8')) {
      text += part as string;
      if (text.length > ANSWER_LIMIT_OCTETS) throw new Error('it answers without end');
    }
    return JSON.parse(text);
  }
}

/** When a process was started, ms since 1970-01-01 UTC; undefined where the system does not say. */
async function startOf(pid: number): Promise<number | undefined> {
  try {
    const [stat, uptime] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile('/proc/uptime', 'utf8')]);
    // proc(5): the 22nd field; the second one, in brackets, may hold anything.
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    const agoMs = Number.parseFloat(uptime) * 1000 - (ticks / TICKS_PER_SECOND) * 1000;
    return Number.isFinite(agoMs) ? Date.now() - agoMs : undefined;
  } catch {
    return undefined;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ESRCH: 'there is no such process',
  EPERM: 'this user may not send it a signal: both have to run as the same user',
};
