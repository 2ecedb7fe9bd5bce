import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { AsduView, encodeAsdu } from '@iec104mm2ss/iec104';
import type { MasterSimulator } from '@iec104mm2ss/simulator';
import { EventLedger } from './event-ledger.js';
import { SessionWatch } from './session-watch.js';

/** What a watch uses of a master. */
class StagedMaster extends EventEmitter {
  started = false;

  start(): void {
    this.started = true;
    this.emit('started');
  }

  drop(): void {
    this.started = false;
    this.emit('disconnected', { code: 'x', message: 'x' });
  }

  get(octets: Uint8Array): void {
    this.emit('asdu', { octets, view: new AsduView(octets), receivedAt: performance.now() });
  }
}

const event = (n: number): Uint8Array =>
  encodeAsdu({ type: 'M_ME_NC_1', cot: 3, ca: 1, objects: [{ ioa: 1, value: n }] });

let ledger: EventLedger;
let master: StagedMaster;
let watch: SessionWatch;

beforeEach(() => {
  ledger = new EventLedger();
  master = new StagedMaster();
  watch = new SessionWatch('A', master as unknown as MasterSimulator, ledger);
});

function create(...numbers: number[]): void {
  for (const n of numbers) ledger.created({ asdu: event(n), sequence: n, createdAt: performance.now() });
}

function receive(...numbers: number[]): void {
  for (const n of numbers) master.get(event(n));
}

const good = { missing: 0, outOfOrder: 0, altered: 0 };

describe('SessionWatch', () => {
  it('finds nothing wrong with a complete sequence', () => {
    master.start();
    create(0, 1, 2);
    receive(0, 1, 2);
    watch.close();
    expect(watch.faults).toEqual(good);
    expect(watch.caughtUp).toBe(true);
    expect(ledger.undelivered).toBe(0);
    expect(watch.latencies.count).toBe(3);
  });

  it('finds a gap, at the beginning, inside and at the end', () => {
    master.start();
    create(0, 1, 2, 3, 4, 5);
    receive(1, 3, 4);
    expect(watch.caughtUp).toBe(false);
    watch.close();
    expect(watch.faults).toEqual({ ...good, missing: 3 });
    expect(ledger.undelivered).toBe(3);
  });

  it('finds everything missing when a started master gets nothing', () => {
    master.start();
    create(0, 1);
    watch.close();
    expect(watch.faults.missing).toBe(2);
  });

  it('finds disorder and altered events', () => {
    master.start();
    create(0, 1, 2);
    receive(0, 2, 1, 7);
    expect(watch.faults).toEqual({ missing: 1, outOfOrder: 1, altered: 1 });
  });

  it('takes repeats after a reconnection, and does not count what was sent before the start', () => {
    master.start();
    create(0, 1);
    receive(0, 1);
    master.drop();
    create(2, 3, 4);
    master.start();
    create(5);
    receive(1, 2, 3, 4, 5);
    watch.close();
    expect(watch.faults).toEqual(good);
    expect([watch.repeats, watch.whileAway]).toEqual([1, 0]);
    master.drop();
    create(6, 7);
    master.start();
    create(8);
    receive(8);
    watch.close();
    expect(watch.faults).toEqual(good);
    expect(watch.whileAway).toBe(2);
  });

  it('takes what the RTU sent again, within one connection of the master, in its order and no more often', () => {
    master.start();
    create(0, 1, 2, 3);
    receive(0, 1, 2, 3);
    ledger.sentAgain(1, 4);
    create(4);
    receive(1, 2, 3, 4);
    watch.close();
    expect(watch.faults).toEqual(good);
    expect(watch.repeats).toBe(3);
    receive(0);
    expect(watch.faults, 'this one was not sent again').toEqual({ ...good, outOfOrder: 1 });
    receive(2);
    expect(watch.faults, 'nor this one twice').toEqual({ ...good, outOfOrder: 2 });
  });

  it('finds disorder in what the RTU sent again', () => {
    master.start();
    create(0, 1, 2);
    receive(0, 1, 2);
    ledger.sentAgain(1, 3);
    receive(2, 1);
    expect(watch.faults).toEqual({ ...good, outOfOrder: 1 });
  });

  it('counts answers apart from events', () => {
    master.start();
    master.get(encodeAsdu({ type: 'C_SC_NA_1', cot: 7, ca: 1, objects: [{ ioa: 1, value: true }] }));
    master.get(encodeAsdu({ type: 'M_EI_NA_1', cot: 4, ca: 1, objects: [{ ioa: 0, coi: 0 }] }));
    expect([watch.answers, watch.events]).toEqual([1, 0]);
  });
});
