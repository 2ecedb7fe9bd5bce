import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '@iec104mm2ss/observability';
import { PATIENCE_MS, until } from './ports.ts';

/** Another executable with the same arguments can be put to the same tests. */
const EXECUTABLE = process.env['MM2SS_TEST_COMMAND'] ?? resolve(import.meta.dirname, '../../bin/mm2ss');
/** A clean end takes a gateway 3 s at most to drain. */
const STOP_LIMIT_MS = 12_000;

export interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly group?: string;
  readonly reason?: string;
  readonly [field: string]: unknown;
}

/** A process of `bin/mm2ss`, ended by its own pid only. */
export class Part {
  /** Everything it wrote. */
  log = '';
  readonly lines: LogLine[] = [];
  /** Its exit code, or the signal it took. */
  readonly exited: Promise<number | string>;
  ended = false;
  private readonly process: ChildProcess;
  private rest = '';

  /**
   * @param http `host:port` of its HTTP server
   * @param environment what it has beside our own
   */
  constructor(
    readonly name: string,
    readonly args: readonly string[],
    readonly http: string,
    directory: string,
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.process = spawn(EXECUTABLE, [...args, '--http', http], {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => this.collect(text));
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    this.exited = new Promise((settle) => {
      this.process.once('error', (error) => settle(error.message));
      this.process.once('close', (code, signal) => {
        this.ended = true;
        settle(code ?? signal ?? 'unknown');
      });
    });
  }

  get pid(): number {
    return this.process.pid as number;
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Asks it to end, as Kubernetes does. */
  async stop(): Promise<number | string> {
    if (this.ended) return this.exited;
    this.kill('SIGCONT');
    this.kill('SIGTERM');
    const late = delay(STOP_LIMIT_MS, 'late', { ref: false });
    if ((await Promise.race([this.exited, late])) === 'late') this.kill('SIGKILL');
    return this.exited;
  }

  /** Waits until it serves its HTTP port, which it does once everything in it has started. */
  async serving(deadlineMs: number): Promise<void> {
    await until(
      `${this.name} serves http://${this.http}`,
      async () => {
        if (this.ended) throw new Error(`${this.name} ended at once:\n${this.log}`);
        return fetch(`http://${this.http}/healthz`).then(
          (response) => response.body?.cancel().then(() => true) ?? true,
          () => false,
        );
      },
      deadlineMs,
    );
  }

  async status(): Promise<Status> {
    return (await (await fetch(`http://${this.http}/status?scope=process`)).json()) as Status;
  }

  /** Value of a metric of one group; undefined when there is no such line. */
  async metric(name: string, group = '1'): Promise<number | undefined> {
    const text = await (await fetch(`http://${this.http}/metrics`)).text();
    const found = text.split('\n').find((line) => line.startsWith(`${name}{`) && line.includes(`group="${group}"`));
    return found === undefined ? undefined : Number(found.slice(found.lastIndexOf(' ')));
  }

  find(fields: Partial<LogLine>): LogLine | undefined {
    return this.lines.find((line) => matches(line, fields));
  }

  count(fields: Partial<LogLine>): number {
    return this.lines.filter((line) => matches(line, fields)).length;
  }

  /** Waits for a log line that has these fields; `msg` need only be contained. */
  async logged(fields: Partial<LogLine>, deadlineMs = PATIENCE_MS): Promise<LogLine> {
    await until(`${this.name} logs ${JSON.stringify(fields)}`, () => this.find(fields) !== undefined, deadlineMs);
    return this.find(fields) as LogLine;
  }

  private collect(text: string): void {
    this.log += text;
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      try {
        this.lines.push(JSON.parse(line) as LogLine);
      } catch {
        // No log line of ours.
      }
    }
  }
}

function matches(line: LogLine, fields: Partial<LogLine>): boolean {
  const { msg = '', ...rest } = fields;
  return line.msg.includes(msg) && Object.entries(rest).every(([name, value]) => line[name] === value);
}
