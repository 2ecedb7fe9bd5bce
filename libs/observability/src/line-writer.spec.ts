import { describe, expect, it } from 'vitest';
import { LineWriter, type LineSink } from './line-writer.js';

/** A sink whose writes end when the test says so. */
class SlowSink implements LineSink {
  readonly writes: string[] = [];
  readonly now: string[] = [];
  private finish: { resolve(): void; reject(error: Error): void } | undefined;
  closed = false;

  write(lines: string): Promise<void> {
    this.writes.push(lines);
    return new Promise((resolve, reject) => (this.finish = { resolve, reject }));
  }
  writeNow(lines: string): void {
    this.now.push(lines);
  }
  async close(): Promise<void> {
    this.closed = true;
  }
  async succeed(): Promise<void> {
    this.finish!.resolve();
    await turn();
  }
  async fail(message: string): Promise<void> {
    this.finish!.reject(new Error(message));
    await turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setUp(maxPendingCharacters?: number) {
  const sink = new SlowSink();
  const failures: string[] = [];
  const recoveries: number[] = [];
  const clock = { now: 0 };
  const writer = new LineWriter(sink, {
    ...(maxPendingCharacters !== undefined && { maxPendingCharacters }),
    onFailure: ({ message }) => failures.push(message),
    onRecovery: (dropped) => recoveries.push(dropped),
    now: () => clock.now,
  });
  return { sink, writer, failures, recoveries, clock };
}

describe('LineWriter', () => {
  it('writes in order, one write at a time, and what gathered meanwhile in the next', async () => {
    const { sink, writer } = setUp();
    writer.write('a\n');
    writer.write('b\n');
    await turn();
    writer.write('c\n');
    writer.write('d\n');
    await turn();
    expect(sink.writes).toEqual(['a\nb\n']);
    await sink.succeed();
    expect(sink.writes).toEqual(['a\nb\n', 'c\nd\n']);
    await sink.succeed();
    await writer.flush();
    expect(writer.droppedLines).toBe(0);
  });

  it('holds no more than its bound: what is beyond is dropped and counted', async () => {
    const { sink, writer } = setUp(10);
    writer.write('1234\n');
    await turn();
    for (let i = 0; i < 5; i++) writer.write('5678\n');
    expect(writer.droppedLines).toBe(3);
    await sink.succeed();
    expect(sink.writes[1]).toBe('5678\n5678\n');
  });

  it('reports a failing sink once, leaves it alone for a while, and tells what was lost when it works again', async () => {
    const { sink, writer, failures, recoveries, clock } = setUp();
    writer.write('a\n');
    await turn();
    writer.write('b\n');
    await sink.fail('ENOSPC');
    writer.write('c\n');
    await turn();
    expect(sink.writes).toHaveLength(1);

    clock.now = 10_000;
    writer.write('d\n');
    await turn();
    await sink.fail('ENOSPC');
    expect(failures).toEqual(['ENOSPC']);

    clock.now = 20_000;
    writer.write('e\n');
    await turn();
    await sink.succeed();
    expect(recoveries).toEqual([4]);
    expect(writer.droppedLines).toBe(4);

    writer.write('f\n');
    await turn();
    await sink.fail('EIO');
    expect(failures).toEqual(['ENOSPC', 'EIO']);
  });

  it('close writes the rest first, then takes nothing more', async () => {
    const { sink, writer } = setUp();
    writer.write('a\n');
    const closed = writer.close();
    await turn();
    expect(sink.closed).toBe(false);
    await sink.succeed();
    await closed;
    writer.write('b\n');
    await turn();
    expect(sink).toMatchObject({ closed: true, writes: ['a\n'] });
    expect(writer.droppedLines).toBe(1);
  });

  it('at the end of the process writes what is not in a write yet', async () => {
    const { sink, writer } = setUp();
    writer.write('a\n');
    await turn();
    writer.write('b\n');
    writer.flushNow();
    writer.flushNow();
    expect(sink).toMatchObject({ writes: ['a\n'], now: ['b\n'] });
  });
});
