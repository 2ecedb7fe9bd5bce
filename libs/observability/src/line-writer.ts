/** Where a line writer's octets go. Only the writer calls it, never twice at once, except for `writeNow`. */
export interface LineSink {
  /** Writes all of `lines`; whole lines, UTF-8. */
  write(lines: string): Promise<void>;
  /** The same without an event loop, for the end of the process. Must give up rather than wait for ever. */
  writeNow(lines: string): void;
  close(): Promise<void>;
}

export interface LineWriterOptions {
  /** Characters held while the sink is slow or failing; lines beyond are dropped and counted. */
  readonly maxPendingCharacters?: number;
  /** Characters handed to the sink at once, unless one line is longer. */
  readonly maxBatchCharacters?: number;
  /** Told once when the sink begins to fail. */
  readonly onFailure: (error: Error) => void;
  /** Told once when it works again, with the lines lost in between. */
  readonly onRecovery?: (droppedLines: number) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const DEFAULT_MAX_PENDING_CHARACTERS = 4 * 1024 * 1024;
const DEFAULT_MAX_BATCH_CHARACTERS = 64 * 1024;
/** A failing sink is tried again with the first line after this time. */
const RETRY_AFTER_MS = 10_000;

/**
 * Takes log lines at once and writes them behind the event loop's back, in order, one write at a time, whatever has
 * gathered meanwhile in the next one. A sink that blocks (a pipe nobody reads, a hung disk) or fails costs lines, never
 * time: the number of characters waiting is bounded. Nothing here throws.
 */
export class LineWriter {
  private pending: string[] = [];
  private pendingCharacters = 0;
  private busy: Promise<void> | undefined;
  private failing = false;
  private retryAt = 0;
  private droppedSinceFailure = 0;
  private dropped = 0;
  private closed = false;
  private readonly maxPendingCharacters: number;
  private readonly maxBatchCharacters: number;
  private readonly now: () => number;

  constructor(
    private readonly sink: LineSink,
    private readonly options: LineWriterOptions,
  ) {
    this.maxPendingCharacters = options.maxPendingCharacters ?? DEFAULT_MAX_PENDING_CHARACTERS;
    this.maxBatchCharacters = options.maxBatchCharacters ?? DEFAULT_MAX_BATCH_CHARACTERS;
    this.now = options.now ?? (() => performance.now());
  }

  /** Lines not written: no room, or the sink failed. */
  get droppedLines(): number {
    return this.dropped;
  }

  /** `line` ends in a line feed. */
  write(line: string): void {
    if (
      this.closed ||
      this.pendingCharacters + line.length > this.maxPendingCharacters ||
      (this.failing && this.now() < this.retryAt)
    ) {
      this.drop(1);
      return;
    }
    this.pending.push(line);
    this.pendingCharacters += line.length;
    this.busy ??= this.drain();
  }

  /** Resolves when every line taken so far is written or given up. */
  async flush(): Promise<void> {
    await this.busy;
  }

  /** Writes what is left, then closes the sink; lines that come later are dropped. */
  async close(): Promise<void> {
    if (this.closed) return this.flush();
    this.closed = true;
    await this.flush();
    try {
      await this.sink.close();
    } catch (error) {
      this.fail(error, 0);
    }
  }

  /** A write is under way; it ends even if the event loop does not turn any more. */
  get writing(): boolean {
    return this.busy !== undefined;
  }

  /** For the `exit` event: what is not in a write under way is written now, or given up. */
  flushNow(): void {
    const lines = this.takeAll();
    if (lines.length === 0) return;
    try {
      this.sink.writeNow(lines.join(''));
    } catch {
      this.drop(lines.length);
    }
  }

  private async drain(): Promise<void> {
    // Lines of one turn become one write.
    await Promise.resolve();
    while (this.pending.length > 0) {
      const batch = this.takeBatch();
      try {
        await this.sink.write(batch.join(''));
        this.recover();
      } catch (error) {
        this.fail(error, batch.length);
      }
    }
    this.busy = undefined;
  }

  private takeBatch(): string[] {
    let characters = 0;
    let count = 0;
    for (const line of this.pending) {
      if (count > 0 && characters + line.length > this.maxBatchCharacters) break;
      characters += line.length;
      count++;
    }
    this.pendingCharacters -= characters;
    return this.pending.splice(0, count);
  }

  private takeAll(): string[] {
    const lines = this.pending;
    this.pending = [];
    this.pendingCharacters = 0;
    return lines;
  }

  private drop(lines: number): void {
    this.dropped += lines;
    if (this.failing) this.droppedSinceFailure += lines;
  }

  private fail(error: unknown, lostLines: number): void {
    const first = !this.failing;
    this.failing = true;
    this.retryAt = this.now() + RETRY_AFTER_MS;
    this.drop(lostLines + this.takeAll().length);
    if (first) this.options.onFailure(error instanceof Error ? error : new Error(String(error)));
  }

  private recover(): void {
    if (!this.failing) return;
    this.failing = false;
    const lost = this.droppedSinceFailure;
    this.droppedSinceFailure = 0;
    this.options.onRecovery?.(lost);
  }
}

/** Long enough for a write under way in the thread pool to end before what follows it is written at exit. */
const UNDER_WAY_MS = 10;

/** For the `exit` event: writes what all `writers` still hold, after what they are writing. */
export function flushAllNow(writers: readonly LineWriter[]): void {
  if (writers.some((writer) => writer.writing)) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, UNDER_WAY_MS);
  }
  for (const writer of writers) writer.flushNow();
}
