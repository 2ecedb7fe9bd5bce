/** A master that does what masters do while others attack: it gets every event, gives commands, and stays connected. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RtuSimulator } from '@iec104mm2ss/simulator';
import { expect } from 'vitest';
import { eventsOf, startMaster, type TestMaster, until } from './harness.js';

const COMMAND_EVERY_MS = 50;
const EVENTS_PER_SECOND = 100;

export class HealthyMaster {
  /** From a command to its ACT_CON, ms. */
  readonly roundTripsMs: number[] = [];
  private failed = 0;
  private stopped = false;
  private readonly all: string[];
  private readonly done: Promise<void>;

  private constructor(
    readonly master: TestMaster,
    private readonly rtu: RtuSimulator,
  ) {
    this.all = eventsOf(rtu);
    rtu.startEvents(EVENTS_PER_SECOND);
    this.done = this.command();
  }

  /** Connects as master `n`; the RTU creates events from then on. */
  static async start(port: number, n: number, rtu: RtuSimulator): Promise<HealthyMaster> {
    return new HealthyMaster(await startMaster(port, n), rtu);
  }

  /** Ends it, and looks at what it saw. @param boundMs no command took longer */
  async sawNothing(boundMs: number): Promise<void> {
    this.stopped = true;
    await this.done;
    this.rtu.stopEvents();
    await until('every event', () => this.master.events.length >= this.all.length);
    expect(this.master.events.join(), 'events without gap, in order').toBe(this.all.join());
    expect(this.failed, 'commands without an answer').toBe(0);
    expect(this.master.counts.disconnections).toBe(0);
    expect(this.roundTripsMs.length).toBeGreaterThan(5);
    expect(Math.max(...this.roundTripsMs), 'longest command, ms').toBeLessThan(boundMs);
  }

  private async command(): Promise<void> {
    for (let i = 0; !this.stopped; i++) {
      const from = performance.now();
      const { result } = await this.master.command(`single ${5_000 + (i % 3)} on`);
      if (result === 'positive') this.roundTripsMs.push(performance.now() - from);
      else this.failed++;
      await delay(COMMAND_EVERY_MS);
    }
  }
}
