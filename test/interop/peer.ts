import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import { parseApdu, type Apdu, type IFormat } from './apdu.ts';

/** One line a peer wrote of its own accord. The other fields depend on `ev`: see the peers' header comments. */
export interface PeerEvent {
  readonly ev: string;
  readonly [field: string]: unknown;
}

interface Reply {
  readonly re: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly check: () => void;
}

/** How long anything that ought to happen within milliseconds may take on a busy machine. */
export const patience = 15_000;

/**
 * A station of an independent implementation, in a process of its own: commands go in, and answers and events come out,
 * as JSON lines. Every event is kept in its order; `mark()` and the `since` arguments cut out the part of interest.
 */
export class Peer {
  readonly name: string;
  readonly events: PeerEvent[] = [];
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #replies = new Map<number, (reply: Reply) => void>();
  readonly #waiting = new Set<Waiting>();
  readonly #exited: Promise<void>;
  #stderr = '';
  #ended = false;
  #lastCall = 0;

  private constructor(name: string, command: string, args: readonly string[]) {
    this.name = name;
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1', TZ: 'UTC' },
    });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#process.stdin.on('error', () => undefined); // EPIPE: the process is gone, which `exit` reports
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#take(line));
    this.#exited = new Promise((resolve) => {
      const end = (reason: string): void => {
        this.#ended = true;
        for (const [id, settle] of this.#replies) {
          settle({ re: id, error: `${this.name} ended (${reason})` });
        }
        this.#wake();
        resolve();
      };
      this.#process.once('error', (error) => end(error.message));
      this.#process.once('close', (code, signal) => end(`${code ?? signal}`));
    });
  }

  /** Resolves when the process is ready for commands. */
  static async start(name: string, command: string, args: readonly string[]): Promise<Peer> {
    const peer = new Peer(name, command, args);
    await peer.until('to be ready', () => peer.events.some(({ ev }) => ev === 'ready'), 60_000);
    return peer;
  }

  /** Have the peer do something; resolves with the result of it, rejects with the peer's own error. */
  async call(name: string, args: Record<string, unknown> = {}, deadlineMs = patience): Promise<unknown> {
    const id = ++this.#lastCall;
    const reply = await new Promise<Reply>((resolve) => {
      const late = setTimeout(() => resolve({ re: id, error: `no answer within ${deadlineMs} ms` }), deadlineMs);
      this.#replies.set(id, (settled) => {
        clearTimeout(late);
        this.#replies.delete(id);
        resolve(settled);
      });
      if (this.#ended) {
        this.#replies.get(id)?.({ re: id, error: `${this.name} has ended` });
      } else {
        this.#process.stdin.write(`${JSON.stringify({ id, do: name, ...args })}\n`);
      }
    });
    if (reply.error !== undefined) {
      throw new Error(`${this.name}: ${name} failed: ${reply.error}\n${this.#stderr}`);
    }
    return reply.result;
  }

  /** Resolves as soon as `condition` holds; it is looked at again after each event. */
  async until(what: string, condition: () => boolean, deadlineMs = patience): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (reason: string): void => {
        settle();
        reject(new Error(`${this.name}: waited for it ${what}: ${reason}\n${this.#tail()}\n${this.#stderr}`));
      };
      const late = setTimeout(() => fail(`not within ${deadlineMs} ms`), deadlineMs);
      const settle = (): void => {
        clearTimeout(late);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        check: () => {
          if (condition()) {
            settle();
            resolve();
          } else if (this.#ended) {
            fail('its process ended');
          }
        },
      };
      this.#waiting.add(waiting);
      waiting.check();
    });
  }

  /** A position in the events, for `since`. */
  mark(): number {
    return this.events.length;
  }

  eventsOf(kind: string, since = 0): PeerEvent[] {
    return this.events.slice(since).filter(({ ev }) => ev === kind);
  }

  /** What crossed the wire, in order. `rx`: the peer received it. */
  apdus(direction: 'rx' | 'tx', since = 0): Apdu[] {
    return this.eventsOf('apdu', since)
      .filter(({ dir }) => dir === direction)
      .map(({ hex }) => parseApdu(String(hex)));
  }

  asdus(direction: 'rx' | 'tx', since = 0): IFormat[] {
    return this.apdus(direction, since).filter((apdu) => apdu.format === 'I');
  }

  uFrames(direction: 'rx' | 'tx', since = 0): string[] {
    return this.apdus(direction, since).flatMap((apdu) => (apdu.format === 'U' ? [apdu.function] : []));
  }

  /** End the process the way a power cut does. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  /** End the process; it ends by itself when its stdin does. */
  async stop(): Promise<void> {
    this.#process.stdin.end();
    const late = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await this.#exited;
    clearTimeout(late);
  }

  #take(line: string): void {
    let message: Reply | PeerEvent;
    try {
      message = JSON.parse(line) as Reply | PeerEvent;
    } catch {
      this.#stderr += `${line}\n`; // c104 prints a remark of its own now and then
      return;
    }
    if ('ev' in message) {
      this.events.push(message);
    } else {
      this.#replies.get(message.re)?.(message);
    }
    this.#wake();
  }

  #wake(): void {
    for (const waiting of [...this.#waiting]) {
      waiting.check();
    }
  }

  #tail(): string {
    return this.events
      .slice(-25)
      .map((event) => JSON.stringify(event))
      .join('\n');
  }
}
