import { dirname, join, resolve } from 'node:path';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import { RtuFleet } from '../fleet/fleet.js';
import { pause, type RunOutcome } from '../fleet/index-run.js';
import type { Station } from '../fleet/station.js';
import { MasterSimulator } from '../master/master-simulator.js';
import type { Outcome } from '../master/transactions.js';
import { changedFaults, NO_FAULTS } from '../rtu/faults.js';
import { loadStations } from '../rtu-files/load.js';
import { Inbox } from './inbox.js';
import type { Expectation, MasterRequest, Scenario, ScenarioStep } from './scenario.js';

export interface StepResult {
  readonly name: string;
  readonly seconds: number;
  /** Undefined: it passed. `skipped`: a step before it failed. */
  readonly failure: string | undefined;
  readonly skipped: boolean;
}

export interface ScenarioResult {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly steps: readonly StepResult[];
}

/** What a scenario cannot do by itself. */
export interface ScenarioSurroundings {
  /** Path of the scenario: files it names are beside it. */
  readonly path: string;
  /** Starts a multiplexer with this configuration; resolves when it runs. Default: a scenario that wants one fails. */
  readonly startMultiplexer?: (configuration: string) => Promise<{ stop(): Promise<void> }>;
  readonly onStep?: (step: StepResult) => void;
  /** Ends it: the step that is under way fails with the reason, a text. */
  readonly stop?: AbortSignal;
}

/** Why a step failed. */
class StepFailure extends Error {}

/** How long all connections may take to be there. */
const START_SECONDS = 20;
const LOOK_AGAIN_MS = 20;
const CONNECT_AGAIN = { minMs: 50, maxMs: 500 };

/** Runs a scenario: its RTUs, its masters, then step by step until one fails. Everything has ended when it resolves. */
export async function runScenario(scenario: Scenario, surroundings: ScenarioSurroundings): Promise<ScenarioResult> {
  const scheduler = new DeadlineScheduler();
  const { stop = new AbortController().signal } = surroundings;
  const beganAt = scheduler.now();
  const stage = new Stage(scenario, surroundings, scheduler, stop);
  const stopped = new Promise<never>((_, reject) => {
    const end = (): void => reject(new StepFailure(String(stop.reason)));
    if (stop.aborted) end();
    else stop.addEventListener('abort', end, { once: true });
  });
  stopped.catch(() => undefined);
  const results: StepResult[] = [];
  const all: readonly (readonly [string, () => Promise<void>])[] = [
    ['start', () => stage.start()],
    ...scenario.steps.map((step) => [step.name ?? '', () => stage.step(step)] as const),
  ];
  let passed = true;
  try {
    for (const [name, does] of all) {
      const stepBeganAt = scheduler.now();
      let failure: string | undefined;
      if (passed) {
        try {
          await Promise.race([stopped, does()]);
        } catch (error) {
          failure =
            error instanceof StepFailure ? error.message : `${(error as Error).name}: ${(error as Error).message}`;
        }
      }
      const result = { name, seconds: (scheduler.now() - stepBeganAt) / 1000, failure, skipped: !passed };
      if (failure !== undefined) passed = false;
      results.push(result);
      surroundings.onStep?.(result);
    }
  } finally {
    await stage.close();
  }
  return { name: scenario.name, passed, seconds: (scheduler.now() - beganAt) / 1000, steps: results };
}

interface SendRequest {
  readonly index: number;
  readonly duration?: number | undefined;
  readonly rtu?: number | undefined;
  readonly wait: boolean;
}

/** The RTUs, masters and multiplexer of a scenario. */
class Stage {
  private readonly fleet: RtuFleet;
  private readonly inboxes = new Map<string, Inbox>();
  private multiplexer: { stop(): Promise<void> } | undefined;

  constructor(
    private readonly scenario: Scenario,
    private readonly surroundings: ScenarioSurroundings,
    private readonly scheduler: DeadlineScheduler,
    private readonly stop: AbortSignal,
  ) {
    this.fleet = new RtuFleet({ host: scenario.listen, compat: scenario.compat, scheduler });
  }

  /** RTUs, the multiplexer, then the masters, until all of them have started data transfer. */
  async start(): Promise<void> {
    const { rtus, data, masters, multiplexer } = this.scenario;
    const loaded = loadStations(this.path(rtus), data === undefined ? undefined : this.path(data));
    const fault = loaded.reports.flatMap(({ path, problems }) =>
      problems.filter(({ severity }) => severity === 'skipped').map((problem) => ({ path, ...problem })),
    )[0];
    if (fault !== undefined) throw new StepFailure(`${fault.path}: row ${fault.row}, ${fault.field}: ${fault.reason}`);
    for (const each of loaded.stations) this.fleet.load(each);
    await this.fleet.start();
    if (this.stop.aborted) return this.close();
    if (multiplexer !== undefined) {
      const start = this.surroundings.startMultiplexer;
      if (start === undefined) throw new StepFailure('no multiplexer can be started here');
      this.multiplexer = await start(this.path(multiplexer));
      if (this.stop.aborted) return this.close();
    }
    for (const [name, { connect, rtu, from, oa }] of Object.entries(masters)) {
      const local = from === undefined ? {} : { localAddress: from };
      const options = { ...connect, ...local, ca: rtu, oa, name, reconnect: CONNECT_AGAIN, scheduler: this.scheduler };
      this.inboxes.set(name, new Inbox(new MasterSimulator(options)));
    }
    await this.ask({ name: 'all', do: 'connect', select: false, result: 'positive', within: START_SECONDS });
    // Behind a multiplexer a master may be there before its RTU is.
    const all = new Set(Object.values(masters).map(({ rtu }) => rtu));
    const numbers = [...all].filter((number) => this.fleet.of(number).length > 0);
    const until = this.scheduler.now() + START_SECONDS * 1000;
    for (const number of numbers) {
      while (!this.fleet.of(number).some(({ started }) => started)) {
        if (this.scheduler.now() > until) throw new StepFailure(`no connection to RTU number ${number} was started`);
        if (this.stop.aborted) return;
        await pause(this.scheduler.clock, LOOK_AGAIN_MS, this.stop);
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.inboxes.values()].map(({ master }) => master.close()));
    await this.multiplexer?.stop();
    await this.fleet.close();
  }

  async step({ send, stop, set, fault, wait, load, expect, master }: ScenarioStep): Promise<void> {
    if (wait !== undefined) {
      await pause(this.scheduler.clock, wait * 1000, this.stop);
      return;
    }
    if (expect !== undefined) {
      await Promise.all(this.inboxesOf(expect.master).map((inbox) => this.expect(inbox, expect)));
      return;
    }
    for (const inbox of this.inboxes.values()) inbox.mark();
    if (load !== undefined) this.fleet.setLoad(load ?? undefined);
    else if (send !== undefined) await this.send(send);
    else if (stop !== undefined) {
      if (stop === 'all') this.fleet.stop();
      else this.station(stop).stopSending();
    } else if (set !== undefined) {
      const { rtu, ioa, value, quality, kind, cause } = set;
      const station = this.station(rtu).rtu;
      const current = station.value(ioa, kind);
      if (current === undefined) throw new StepFailure(`RTU ${rtu} has no point ${ioa}`);
      station.setValue(ioa, value ?? current, cause, { kind, quality });
    } else if (fault !== undefined) await this.fault(fault);
    else if (master !== undefined) await this.ask(master);
  }

  private async send({ index, duration = 0, rtu, wait }: SendRequest): Promise<void> {
    const sending = this.fleet.send(index, duration * 1000, rtu);
    if (!wait) return;
    const outcomes = [...(await sending).values()];
    if (!outcomes.some(({ sent }) => sent > 0)) {
      const left = ({ leftOut }: RunOutcome): string => `${leftOut} rows were left out`;
      const why = outcomes.map((each) => (each.result === 'sent' && each.leftOut > 0 ? left(each) : each.result));
      throw new StepFailure(`nothing was sent: ${why.length === 0 ? 'no such RTU' : [...new Set(why)].join(', ')}`);
    }
  }

  private async fault({ rtu: id, do: verb, ...changes }: NonNullable<ScenarioStep['fault']>): Promise<void> {
    const { rtu } = this.station(id);
    if (verb === 'none') rtu.setFaults(NO_FAULTS);
    rtu.setFaults(changedFaults(rtu.faults, changes));
    if (verb === 'offline') await rtu.stop();
    else if (verb === 'online') await rtu.start();
    else if (verb === 'drop') rtu.dropConnections();
    else if (verb === 'restart') rtu.powerOn();
    else if (verb === 'wrong-sequence') rtu.sendWrongSequence();
  }

  private async expect(inbox: Inbox, expectation: Expectation): Promise<void> {
    const { count, within } = expectation;
    const { name, started } = inbox.master;
    const counter = inbox.counter(expectation);
    await this.until(inbox, () => counter() >= Math.max(count, 1), within * 1000);
    const found = counter();
    if (inbox.full) throw new StepFailure(`${name} got more than can be looked at: expect it in smaller steps`);
    if (count === 0 && !(started && inbox.master.started)) {
      throw new StepFailure(`${name} has no connection: that nothing came says nothing`);
    }
    if (count === 0 && found > 0) throw new StepFailure(`${name} got ${found}, which should not have come`);
    if (found < count) {
      const got = inbox.objects
        .slice(-5)
        .map(({ type, cause, ioa, value }) => `${type} COT ${cause} ${ioa} = ${value}`);
      const last = got.length === 0 ? 'nothing came' : `the last that came: ${got.join('; ')}`;
      throw new StepFailure(`${name} got ${found} of ${count} within ${within} s; ${last}`);
    }
  }

  private until(inbox: Inbox, isThere: () => boolean, ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (isThere()) {
        resolve();
        return;
      }
      const { clock } = this.scheduler;
      const end = (): void => {
        clock.clearTimer(timer);
        stopListening();
        this.stop.removeEventListener('abort', end);
        resolve();
      };
      const timer = clock.setTimer(end, ms);
      this.stop.addEventListener('abort', end);
      const stopListening = inbox.onAsdu(() => {
        if (isThere()) end();
      });
    });
  }

  private async ask(request: MasterRequest): Promise<void> {
    const outcomes = await Promise.all(
      this.inboxesOf(request.name).map(
        async ({ master }) => [master.name, await this.outcome(master, request)] as const,
      ),
    );
    for (const [name, result] of outcomes) {
      if (request.result !== 'any' && result !== request.result) {
        throw new StepFailure(`${name}: ${request.do} was ${result}, not ${request.result}`);
      }
    }
  }

  private async outcome(master: MasterSimulator, request: MasterRequest): Promise<string> {
    const { do: verb, ioa, command, select, within } = request;
    const options = { timeoutMs: within * 1000 };
    const result = async (asked: Promise<Outcome>): Promise<string> => {
      const outcome = await asked;
      const isUnconfirmed = outcome.result === 'positive' && outcome.confirmedAfterMs === undefined;
      return isUnconfirmed ? 'unconfirmed' : outcome.result;
    };
    switch (verb) {
      case 'connect':
        return this.connect(master, within * 1000);
      case 'disconnect':
        await master.close();
        return 'positive';
      case 'gi':
        return result(master.interrogate(undefined, options));
      case 'counters':
        return result(master.counters(undefined, undefined, options));
      case 'clock':
        return result(master.clockSync(undefined, options));
      case 'test':
        return result(master.testCommand(undefined, options));
      case 'read':
        return result(master.read(ioa as number, options));
      case 'command':
        return result(master.command(command as string, { ...options, select }));
    }
  }

  private async connect(master: MasterSimulator, ms: number): Promise<string> {
    const done = new AbortController();
    const over = pause(this.scheduler.clock, ms, AbortSignal.any([this.stop, done.signal])).then(() => 'timeout');
    return Promise.race([master.connect().then(() => 'positive'), over]).finally(() => done.abort());
  }

  private inboxesOf(name: string): Inbox[] {
    if (name === 'all') return [...this.inboxes.values()];
    const inbox = this.inboxes.get(name);
    if (inbox === undefined) throw new StepFailure(`there is no master ${name}`);
    return [inbox];
  }

  private station(id: string): Station {
    const station = this.fleet.station(id);
    if (station === undefined) throw new StepFailure(`no RTU has the id ${id}`);
    return station;
  }

  private path(name: string): string {
    return resolve(join(dirname(this.surroundings.path)), name);
  }
}
