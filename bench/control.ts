/**
 * How the bench talks to its load processes: a verb with an argument, one answer each, over the IPC channel of `fork`.
 * Only control passes here; what is measured never does.
 */
import { fork, type ChildProcess } from 'node:child_process';

interface Request {
  id: number;
  verb: string;
  arg: unknown;
}
interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

// Each handler is called with what its caller sent; the two files that use one verb agree on its type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Handlers = Record<string, (arg: any) => unknown>;

/** Load process side: answers until the bench goes away, then ends, so that no load process outlives the bench. */
export function serve(handlers: Handlers): void {
  const answer = async ({ id, verb, arg }: Request): Promise<Answer> => {
    try {
      return { id, result: await handlers[verb]!(arg) };
    } catch (error) {
      return { id, error: String((error as Error).stack ?? error) };
    }
  };
  process.on('message', (request: Request) => void answer(request).then((answered) => process.send!(answered)));
  process.on('disconnect', () => process.exit(0));
}

/** Bench side: one load process. */
export class LoadProcess {
  readonly name: string;
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  private lastId = 0;

  constructor(name: string, file: URL) {
    this.name = name;
    this.child = fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.pid = this.child.pid!;
    this.child.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) waiting?.resolve(result as never);
      else waiting?.reject(new Error(`${name}: ${error}`));
    });
    this.child.on('exit', (code, signal) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`${name} ended (${code ?? signal})`));
      this.waiting.clear();
    });
  }

  call<T>(verb: string, arg: unknown = {}, timeoutMs = 30_000): Promise<T> {
    const id = ++this.lastId;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error(`${this.name}: no answer to ${verb} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.waiting.set(id, {
        resolve: (value) => (clearTimeout(timer), resolve(value)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      });
      this.child.send({ id, verb, arg } satisfies Request);
    });
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
