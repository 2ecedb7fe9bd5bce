/** Starts the programs under test, keeps what they print, and ends them: only those, by their pids. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { withDescendants } from './proc.ts';

export const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Program {
  readonly name: string;
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly logFile: string;
  private ended = false;

  /** Runs in `directory`, where its log goes and whatever else it writes. */
  constructor(name: string, directory: string, command: string[]) {
    this.name = name;
    this.logFile = `${directory}/${name}.out`;
    const log = openSync(this.logFile, 'w');
    this.child = spawn(command[0]!, command.slice(1), { cwd: directory, stdio: ['ignore', log, log] });
    closeSync(log);
    this.pid = this.child.pid ?? 0;
    this.child.on('error', () => (this.ended = true));
    this.child.on('exit', () => (this.ended = true));
  }

  check(): void {
    if (this.ended) throw new Error(`${this.name} ended by itself:\n${this.lastLines()}`);
  }

  lastLines(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8').split('\n').slice(-15).join('\n') : '';
  }

  /** Asks it to end; what is left of it and its children after five seconds is killed. */
  async stop(): Promise<void> {
    if (this.ended || this.pid === 0) return;
    const pids = withDescendants([this.pid]);
    this.child.kill('SIGTERM');
    for (let i = 0; i < 100 && !this.ended; i++) await delay(50);
    this.kill(pids);
  }

  private kill(pids: number[]): void {
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone already.
      }
    }
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Below the range the kernel takes for outgoing connections, at random so that two benches rarely meet. */
const FIRST_PORT = 12_000;
let nextPort = FIRST_PORT + Math.floor(Math.random() * 8000);

/** Ports nobody listens on now, on any loopback address. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = nextPort++;
    if (await isFree('0.0.0.0', port)) ports.push(port);
  }
  return ports;
}

export async function awaitListener(host: string, port: number, program: Program, timeoutMs: number): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    program.check();
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, host, () => (socket.destroy(), resolve(true)));
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    if (performance.now() > untilMs) throw new Error(`${program.name} does not listen:\n${program.lastLines()}`);
    await delay(50);
  }
}
