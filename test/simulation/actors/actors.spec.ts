import { bitstringCommand, interrogation, setpointFloat } from '@iec104mm2ss/iec104';
import { describe, expect, it } from 'vitest';
import { CommandBook } from '../accounts/command-book.ts';
import { FaultsLog } from '../accounts/faults-log.ts';
import { Ledger } from '../accounts/ledger.ts';
import { LinkAccount } from '../accounts/link-account.ts';
import { OriginatorAccount } from '../accounts/originator-account.ts';
import { checkAcknowledged } from '../accounts/lost-account.ts';
import type { Rule } from '../accounts/violations.ts';
import { Violations } from '../accounts/violations.ts';
import { SimNetwork } from '../network/sim-network.ts';
import { SimProcess } from '../world/sim-process.ts';
import { World } from '../world/world.ts';
import { Master } from './master.ts';
import { Rtu } from './rtu.ts';
import type { RtuHabits } from './rtu-habits.ts';
import { type Fault, TrivialProxy } from './trivial-proxy.ts';

const LINK = { t1Ms: 15_000, t2Ms: 10_000, t3Ms: 20_000, k: 12, w: 8 };
const HABITS: RtuHabits = {
  cas: [1],
  link: LINK,
  oa: 'mirror',
  actTerm: true,
  answerMs: [5, 50],
  executionMs: 20,
  repeats: true,
  tags: 'valid',
  twins: 0.1,
  needsSelect: false,
  selectMs: 10_000,
  connections: 'several',
  startWithinMs: undefined,
  endOfInitialization: true,
  interrogationObjects: 5,
  oneInterrogation: false,
};

/** One RTU, a proxy, two masters. */
class Scene {
  readonly world = new World(11);
  readonly network = new SimNetwork(this.world);
  readonly faults = new FaultsLog();
  readonly violations = new Violations(this.world);
  readonly ledger = new Ledger('1');
  private readonly now = (): number => this.world.time;
  readonly book = new CommandBook(this.now, this.violations, this.faults);
  readonly rtu: Rtu;
  readonly rtuProcess = this.process('rtu', '10.0.1.1');
  readonly proxy = new TrivialProxy(this.process('proxy', '10.0.2.1'), '10.0.1.1', 2500);
  readonly masters: Master[];

  constructor(habits: Partial<RtuHabits> = {}) {
    const { violations, ledger, book, now } = this;
    const originators = new OriginatorAccount(now, violations);
    const links = new LinkAccount(now, violations);
    this.rtu = new Rtu(
      this.rtuProcess,
      '1',
      { ...HABITS, ...habits },
      { ledger, book, links, originators, violations, isHeld: () => true },
      20,
      { next: 1 },
    );
    this.masters = ['m1', 'm2'].map(
      (id, i) =>
        new Master(
          this.process(id, `10.0.3.${i + 1}`),
          { account: { id, cursor: undefined }, group: '1', gateways: ['10.0.2.1'], port: 2500, link: LINK },
          {
            book,
            rules: {
              ledger,
              violations,
              faults: this.faults,
              now,
              interrogation: 'all',
              askerOf: (command) => book.askerOf(command, true),
            },
            isOver: () => false,
            processAt: () => 'proxy',
          },
          () => undefined,
        ),
    );
  }

  process(name: string, address: string): SimProcess {
    const process = new SimProcess(this.world, { name, hostname: name, address });
    this.network.attach(process);
    return process;
  }

  /** Runs the scene for a while, then lets everything come to rest. */
  async run(fault?: Fault): Promise<Rule[]> {
    this.rtu.start();
    this.proxy.start();
    await this.world.runFor(10);
    for (const master of this.masters) master.want('started');
    await this.world.runFor(3_000);
    this.proxy.fault = fault;
    if (fault === 'uses two links') {
      this.proxy.connect();
      await this.world.runFor(1_000);
    }
    for (let i = 0; i < 20; i++) {
      this.masters.forEach((master, m) => {
        const id = 100 * m + i;
        master.process.start(() => {
          if (i % 10 === 9) master.send(interrogation(1));
          else master.send(bitstringCommand(1, 5_000, id));
          if (m === 0 && i === 3) master.send(setpointFloat(1, 6_000, 1.5, { select: true }));
          if (m === 1 && i === 5) master.send(setpointFloat(1, 6_000, 2.5));
        });
      });
      await this.world.runFor(700);
    }
    this.rtu.quiet();
    await this.world.runFor(20_000);
    for (const { session } of this.masters) session?.checkComplete(this.ledger.entries.length);
    checkAcknowledged(this.ledger, this.violations);
    return [...new Set(this.violations.all.map(({ rule }) => rule))];
  }
}

describe('actors with a proxy between them', () => {
  it('have nothing to complain about when it forwards everything', async () => {
    const scene = new Scene({ needsSelect: true });
    scene.proxy.fault = undefined;
    const rules = await scene.run();
    expect(scene.violations.all.filter(({ rule }) => rule !== 'select')).toEqual([]);
    expect(rules).toEqual(['select']);
    expect(scene.ledger.entries.length).toBeGreaterThan(300);
    expect(scene.book.all.filter(({ answers }) => answers.includes(7)).length).toBeGreaterThan(35);
  });

  it('tell the same story twice', async () => {
    const hashes = await Promise.all(
      [1, 2].map(async () => {
        const scene = new Scene();
        await scene.run();
        return scene.world.hash;
      }),
    );
    expect(hashes[0]).toBe(hashes[1]);
  });
});

describe('the accounts', () => {
  const cases: [Fault, Rule][] = [
    ['loses an event', 'gap'],
    ['swaps events', 'gap'],
    ['repeats an event', 'repeat'],
    ['answers everybody', 'answer'],
    ['delays commands', 'late'],
    ['sends commands twice', 'twice'],
    ['refuses and sends', 'refusal'],
    ['uses two links', 'link'],
    ['shares one OA', 'originator'],
    ['acknowledges what it loses', 'lost'],
    ['invents a command', 'unknownCommand'],
  ];
  it.each(cases)('notice that a proxy %s (%s)', async (fault, rule) => {
    expect(await new Scene().run(fault)).toContain(rule);
  });
});
