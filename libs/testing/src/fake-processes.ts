import { BrokerBus } from '@iec104mm2ss/bus';
import { type FakeBroker, FakeServer } from './fake-broker.js';
import { FakeClock } from './fake-clock.js';

/** How often the processes take turns. */
const STEP_MS = 10;

/** One process on the fake server, with a clock of its own. */
export interface FakeProcess {
  readonly bus: BrokerBus;
  readonly broker: FakeBroker;
  readonly clock: FakeClock;
  readonly troubles: string[];
  /** As SIGSTOP: neither its timers nor what comes from the server is served. */
  pause(): void;
  /** As SIGCONT. What came meanwhile is served before its timers, or after them. */
  resume(order?: 'messages first' | 'timers first'): void;
  /** As kill -9. */
  kill(): void;
}

/** Several processes on one fake server. Time passes for all of them together. */
export class FakeProcesses {
  readonly server = new FakeServer();
  time = 0;
  private readonly running = new Map<FakeProcess, FakeClock>();
  private count = 0;

  start(name?: string, busName?: string): FakeProcess {
    this.count++;
    const instance = name ?? `process-${this.count}`;
    const clock = new FakeClock(this.time);
    const broker = this.server.connect(clock);
    let state = this.count * 7_919 + 1;
    // The least that Math.random promises, the same in every run.
    const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
    const bus = new BrokerBus(broker, { runtime: { clock, random, instance }, replicas: 1, name: busName });
    const troubles: string[] = [];
    bus.onTrouble((message) => troubles.push(message));
    const started: FakeProcess = {
      bus,
      broker,
      clock,
      troubles,
      pause: () => {
        this.running.delete(started);
        broker.pause();
      },
      resume: (order) => {
        clock.time = this.time;
        this.running.set(started, clock);
        if (order === 'timers first') clock.runUntil(this.time);
        broker.resume();
      },
      kill: () => {
        this.running.delete(started);
        broker.setConnected(false);
        broker.pause();
      },
    };
    this.running.set(started, clock);
    return started;
  }

  /** Lets time pass. `stepMs`: larger where nothing happens meanwhile that anybody answers. */
  async pass(ms: number, stepMs = STEP_MS): Promise<void> {
    await this.settle();
    for (const end = this.time + ms; this.time < end;) {
      this.time = Math.min(this.time + stepMs, end);
      for (const clock of this.running.values()) clock.runUntil(this.time);
      await this.settle();
    }
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      for (const clock of this.running.values()) clock.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** For timers that paused processes may have missed. */
  async until(condition: () => boolean, limitMs = 30_000): Promise<number> {
    const startedAt = this.time;
    while (!condition()) {
      if (this.time - startedAt > limitMs) throw new Error(`not within ${limitMs} ms`);
      await this.pass(STEP_MS);
    }
    return this.time - startedAt;
  }
}
