import { write, writeSync } from 'node:fs';
import type { LineSink } from './line-writer.js';

/** A full pipe in non-blocking mode is tried again this much later. */
const AGAIN_AFTER_MS = 20;
/** At exit a reader that does not read gets this long. */
const LAST_WRITE_LIMIT_MS = 1000;

/**
 * A descriptor that somebody else opened, such as standard output. `process.stdout` itself writes to pipes
 * synchronously: a log collector that stops reading would stop the process.
 */
export class DescriptorSink implements LineSink {
  constructor(private readonly descriptor: number) {}

  async write(lines: string): Promise<void> {
    let rest = Buffer.from(lines);
    while (rest.length > 0) {
      const written = await this.writeSome(rest);
      rest = rest.subarray(written);
      if (written === 0) await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
    }
  }

  writeNow(lines: string): void {
    let rest = Buffer.from(lines);
    const giveUpAt = performance.now() + LAST_WRITE_LIMIT_MS;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(this.descriptor, rest));
      } catch (error) {
        if (!isAgain(error) || performance.now() > giveUpAt) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_AFTER_MS);
      }
    }
  }

  async close(): Promise<void> {
    // Not ours to close.
  }

  private writeSome(octets: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.descriptor, octets, (error, written) => {
        if (!error) resolve(written);
        else if (isAgain(error)) resolve(0);
        else reject(error);
      });
    });
  }
}

function isAgain(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EAGAIN' || code === 'EBUSY';
}
