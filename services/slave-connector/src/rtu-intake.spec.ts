import type { AckPolicy } from '@iec104mm2ss/config';
import { encodeAsdu, epochMsToCp56, forEachApdu, iFormat, Link, uFormat, UFunction } from '@iec104mm2ss/iec104';
import { FakeClock, FakeLog, apdus, eventAsdu, eventValue } from '@iec104mm2ss/testing';
import { describe, expect, it } from 'vitest';
import { type ConnectorCounters, newCounters } from './counters.js';
import { EventWriter } from './event-writer.js';
import type { LoggedAsdu } from './repeat-filter.js';
import { RtuIntake } from './rtu-intake.js';

const START = Date.UTC(2026, 0, 1);
const timed = (value: number): Uint8Array =>
  encodeAsdu({
    type: 'M_ME_TE_1',
    cot: 3,
    ca: 1,
    objects: [{ ioa: 100, value, time: epochMsToCp56(START + value) }],
  });

/** One link, and the log behind it. */
class Scene {
  readonly clock = new FakeClock();
  readonly log = new FakeLog();
  readonly counters: ConnectorCounters = newCounters();
  readonly link = new Link(
    { role: 'controlling', t1Ms: 15_000, t2Ms: 10_000, t3Ms: 20_000, k: 12, w: 1, holdAcknowledgements: true },
    0,
  );
  readonly writer = new EventWriter(
    { log: this.log, capacity: 100, clock: this.clock, mayOpen: () => true },
    {
      onNextGeneration: () => undefined,
      onOpened: () => this.intake?.confirm(),
      onStored: () => this.intake?.confirm(),
      onTrouble: () => undefined,
      onLost: () => undefined,
    },
  );
  private intake: RtuIntake | undefined;
  private ns = 0;
  /** What was said of field lengths. */
  readonly told: string[] = [];

  constructor(private readonly ack: AckPolicy) {}

  async begin(...history: Uint8Array[]): Promise<RtuIntake> {
    this.writer.open();
    await settle();
    if (history.length > 0) {
      const octets = apdus(history);
      this.writer.write(1, octets, 0, octets.length, history.length, 0);
    }
    this.link.startDataTransfer(0);
    this.link.receive(uFormat(UFunction.STARTDT_CON), 0, 0);
    const logged: LoggedAsdu[] = history.map((asdu, ordinal) => ({ ordinal, asdu }));
    const options = {
      ack: this.ack,
      t1Ms: 15_000,
      clock: this.clock,
      counters: this.counters,
      suspect: false,
      onProven: nothing,
      onOdd: ({ code }: { code: string }) => void this.told.push(`odd ${code}`),
      onForeign: ({ code, message }: { code: string; message: string }) => void this.told.push(`${code}: ${message}`),
      mayUse: () => true,
      onDeadlineMoved: nothing,
    };
    this.intake = new RtuIntake({ link: this.link, touched: nothing }, 2, logged, this.writer, options);
    return this.intake;
  }

  /** One socket read. */
  take(...asdus: Uint8Array[]): void {
    const octets = Buffer.concat(asdus.map((asdu) => iFormat(this.ns++, 0, asdu)));
    forEachApdu(octets, 0, octets.length, (at) => this.link.receive(octets, at, 0));
    this.intake?.take(octets, 0, octets.length, asdus.length);
  }

  /** How many APDUs the link may acknowledge by now. */
  get acknowledged(): number {
    this.link.poll();
    return this.link.received - this.link.unacknowledged;
  }

  get values(): number[] {
    return this.log.asdus.map(eventValue);
  }
}

const nothing = (): void => undefined;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('what comes on a link', () => {
  it('is taken up to the ASDU that shows other field lengths, and of that nothing is acknowledged', async () => {
    const scene = new Scene('stored');
    await scene.begin();
    const serial = (ioa: number): Uint8Array => Uint8Array.of(1, 1, 3, 5, ioa, 0, 1);
    scene.take(serial(1));
    expect(scene.told).toEqual(['odd field_lengths']);
    scene.take(serial(2), eventAsdu(3));
    expect(scene.told.slice(1)).toEqual([
      expect.stringMatching(/^field_lengths: the ASDUs of the RTU fit COT 1, CA 1, IOA 2 octets/),
    ]);
    expect([scene.log.asdus, scene.acknowledged]).toEqual([[serial(1)], 1]);
  });

  it('is taken when an odd ASDU is followed by a right one', async () => {
    const scene = new Scene('stored');
    await scene.begin();
    const odd = Uint8Array.of(1, 1, 3, 5, 1, 0, 1);
    scene.take(odd);
    scene.take(eventAsdu(2), odd, odd);
    expect(scene.log.asdus).toHaveLength(4);
    expect(scene.told).toEqual(['odd field_lengths']);
  });

  it('is acknowledged as far as the log has stored it (ack = stored)', async () => {
    const scene = new Scene('stored');
    await scene.begin();
    scene.log.prompt = false;
    scene.take(eventAsdu(1));
    scene.take(eventAsdu(2), eventAsdu(3));
    expect(scene.acknowledged).toBe(0);
    scene.log.confirm(1);
    expect(scene.acknowledged).toBe(1);
    scene.log.confirm();
    expect(scene.acknowledged).toBe(3);
  });

  it('is acknowledged when stored and acknowledged by a master (ack = delivered)', async () => {
    const scene = new Scene('delivered');
    const intake = await scene.begin();
    scene.log.prompt = false;
    scene.take(eventAsdu(1), eventAsdu(2));
    scene.writer.confirm(2, 1);
    intake.confirm();
    expect(scene.acknowledged).toBe(0);
    scene.log.confirm();
    expect(scene.acknowledged).toBe(2);
  });

  it('is forced when no master has acknowledged it, as far as it is stored', async () => {
    const scene = new Scene('delivered');
    const intake = await scene.begin();
    scene.take(eventAsdu(1), eventAsdu(2));
    scene.log.prompt = false;
    scene.take(eventAsdu(3));
    intake.force(3);
    expect(scene.acknowledged).toBe(2);
    intake.force(3);
    expect(scene.counters.forcedAcknowledgements).toBe(2);
  });

  it('is acknowledged across a loss of the log: what was not comes into it again', async () => {
    const scene = new Scene('delivered');
    const intake = await scene.begin();
    for (let value = 1; value <= 4; value++) scene.take(eventAsdu(value));
    scene.writer.confirm(2, 1);
    intake.confirm();
    expect(scene.acknowledged).toBe(2);
    scene.log.lose(1);
    scene.clock.advance(1_000);
    await settle();
    expect(scene.values).toEqual([1, 3, 4]);
    scene.writer.confirm(2, 2);
    intake.confirm();
    expect(scene.acknowledged).toBe(3);
    scene.writer.confirm(3, 2);
    intake.confirm();
    expect(scene.acknowledged).toBe(4);
  });
});

describe('what comes once more', () => {
  it('counts in its place of the link with what came before it and behind it', async () => {
    const scene = new Scene('delivered');
    const intake = await scene.begin(timed(1), timed(2), timed(3));
    // A measured value first, then the repetition, then an event.
    scene.take(eventAsdu(70), timed(2));
    scene.take(timed(3), timed(4));
    expect(scene.values).toEqual([1, 2, 3, 70, 4]);
    expect(scene.counters).toMatchObject({ received: 4, repeated: 2, heldRepeats: 0 });
    const safe = [3, 4, 5].map((position) => {
      scene.writer.confirm(position, 1);
      intake.confirm();
      return scene.acknowledged;
    });
    // The value holds up the repeated ones, which are safe already.
    expect(safe).toEqual([0, 3, 4]);
    expect(intake.holding).toBe(0);
  });

  it('is not forced while it is held', async () => {
    const scene = new Scene('delivered');
    const intake = await scene.begin(timed(1), timed(2), timed(3));
    scene.take(timed(2));
    expect(intake.nextDeadline()).toBe(1_000);
    intake.force(1);
    expect(scene.acknowledged).toBe(0);
    intake.onDeadline(999);
    expect(intake.holding).toBe(1);
    intake.onDeadline(1_000);
    expect(scene.values).toEqual([1, 2, 3, 2]);
    expect(scene.counters).toMatchObject({ repeated: 0, heldRepeats: 1 });
    intake.force(1);
    expect(scene.acknowledged).toBe(1);
    expect(intake.nextDeadline()).toBe(Infinity);
  });

  it('is new when the run breaks off', async () => {
    const scene = new Scene('stored');
    await scene.begin(timed(1), timed(2), timed(3));
    scene.take(timed(1), timed(2), timed(9));
    expect(scene.values).toEqual([1, 2, 3, 1, 2, 9]);
    expect(scene.acknowledged).toBe(3);
    expect(scene.counters.heldRepeats).toBe(2);
  });
});
