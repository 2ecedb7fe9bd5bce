import { describe, expect, it } from 'vitest';
import { BusError, type Journal } from '@iec104mm2ss/bus';
import { createLogger } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import type { AuditRecord } from './audit.js';
import { AuditLog, MAX_WAITING_RECORDS } from './audit-log.js';

const record = (command: number): AuditRecord => ({ group: '1', session: 5, command }) as AuditRecord;

class Bench {
  readonly clock = new FakeClock();
  readonly stored: string[] = [];
  readonly done: number[] = [];
  certain = true;
  failing = false;
  readonly log: AuditLog;

  constructor() {
    const journal: Journal = {
      append: async (group, id) => {
        if (this.failing) throw new BusError('UNAVAILABLE', 'no server');
        this.stored.push(`${group} ${id}`);
      },
      read: async () => [],
    };
    const { logger } = createLogger({ level: 'silent' });
    const { clock } = this;
    const context = { journal, clock, logger, certain: () => this.certain };
    this.log = new AuditLog(context, ({ command }) => this.done.push(command));
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms, ms);
    this.log.tick();
    await this.clock.advanceAsync(1, 1);
  }
}

describe('an audit record', () => {
  it('is stored once under the name of its command, then it is done', async () => {
    const bench = new Bench();
    bench.log.add([record(1), record(2)]);
    expect(bench.log.size).toBe(2);
    await bench.pass(1);
    expect(bench.stored).toEqual(['1 1.5.1', '1 1.5.2']);
    expect(bench.done).toEqual([1, 2]);
    expect(bench.log.size).toBe(0);
  });

  it('that cannot be stored is tried again, with longer pauses, and is not done before', async () => {
    const bench = new Bench();
    bench.failing = true;
    bench.log.add([record(1)]);
    await bench.pass(1);
    await bench.pass(400);
    expect(bench.done).toEqual([]);
    await bench.pass(200);
    bench.failing = false;
    await bench.pass(900);
    expect(bench.done, 'the second pause is longer').toEqual([]);
    await bench.pass(200);
    expect(bench.stored).toEqual(['1 1.5.1']);
    expect(bench.done).toEqual([1]);
  });

  it('waits while another router may own the group', async () => {
    const bench = new Bench();
    bench.certain = false;
    bench.log.add([record(1)]);
    await bench.pass(1);
    expect(bench.stored).toEqual([]);
    bench.certain = true;
    await bench.pass(1);
    expect(bench.stored).toHaveLength(1);
  });

  it('is dropped when too many wait: the oldest first, counted, and its command is done', async () => {
    const bench = new Bench();
    bench.certain = false;
    bench.log.add(Array.from({ length: MAX_WAITING_RECORDS + 3 }, (_, command) => record(command)));
    await bench.pass(1);
    expect(bench.log.size).toBe(MAX_WAITING_RECORDS);
    expect(bench.log.dropped).toBe(3);
    expect(bench.done).toEqual([0, 1, 2]);
  });

  it('is not stored, nor told of, once the log is stopped', async () => {
    const bench = new Bench();
    bench.log.add([record(1)]);
    bench.log.stop();
    await bench.pass(1);
    expect(bench.done).toEqual([]);
    expect(bench.log.size).toBe(0);
  });
});
