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
  /** When it last took a configuration, as it says itself; undefined: it does not answer. */
  loadedAt(): Promise<string | undefined>;
}

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

  async reload(): Promise<void> {
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

const REASONS: Readonly<Record<string, string>> = {
  ESRCH: 'there is no such process',
  EPERM: 'this user may not send it a signal: both have to run as the same user',
};
