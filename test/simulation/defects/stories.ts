import type { RtuHabits } from '../actors/rtu-habits.ts';
import {
  type Act,
  type CommandPlan,
  type Fault,
  type FaultKind,
  type GroupPlan,
  type ProcessPlan,
  type Scenario,
} from '../scenario/scenario.ts';
import type { StoryLine } from '../world/world.ts';

/** A story written by hand, and what must not be in it. */
export interface Story {
  readonly scenario: Scenario;
  /** What is wrong with it, in words. */
  check(lines: readonly StoryLine[], scenario: Scenario): string[];
}

const LINK = { t1Ms: 15_000, t2Ms: 5_000, t3Ms: 20_000, k: 12, w: 8 };

/** One group in pods, with a second router and a second gateway, two masters, and an RTU without bad habits. */
function story(changes: {
  readonly habits?: Partial<RtuHabits>;
  readonly config?: Partial<GroupPlan['config']>;
  /** Of the first master. */
  readonly name?: string;
  readonly acts?: readonly Act[];
  readonly faults?: readonly Fault[];
  readonly quietAt?: number;
  /** The second master may only look. */
  readonly secondMayLook?: boolean;
  /** Decides which master connects to which gateway. */
  readonly seed?: number;
}): Scenario {
  const { habits, config, name, acts = [], faults = [], quietAt = 30_000, secondMayLook = false, seed = 1 } = changes;
  const process = (id: string, part: 'connector' | 'router' | 'gateway', index: number) => ({
    id,
    parts: [part],
    groups: part === 'connector' ? ['1'] : [],
    hostname: `host-${id}`,
    address: `10.1.0.${index}`,
    rate: 1,
    wallSkewMs: 0,
  });
  return {
    seed,
    shape: 'pods',
    bus: { servers: 1, sync: 'always', trimMs: 200 },
    upgraded: false,
    groups: [
      {
        id: '1',
        rate: 3,
        habits: {
          cas: [1],
          link: { ...LINK, t2Ms: 1_000 },
          oa: 'mirror',
          actTerm: true,
          answerMs: [2, 20],
          executionMs: 100,
          repeats: true,
          tags: 'valid',
          twins: 0,
          needsSelect: false,
          selectMs: 20_000,
          connections: 'several',
          startWithinMs: undefined,
          endOfInitialization: true,
          interrogationObjects: 2,
          oneInterrogation: false,
          ...habits,
        },
        config: {
          link: LINK,
          buffsize: 1_000,
          maxConnections: 2,
          sameIp: 'all',
          ack: undefined,
          interrogation: 'all',
          decoded: false,
          ...config,
        },
      },
    ],
    processes: [
      process('p1', 'connector', 1),
      process('p2', 'router', 2),
      process('p3', 'router', 3),
      process('p4', 'gateway', 4),
      process('p5', 'gateway', 5),
    ],
    masters: [1, 2].map((index) => ({
      id: `m${index}`,
      group: '1',
      address: `10.4.1.${index}`,
      name: index === 1 ? name : undefined,
      wish: 'started',
      ...(secondMayLook && index === 2 ? { mayControl: false } : {}),
      link: { ...LINK, w: 1, t2Ms: 1_000 },
    })),
    acts,
    faults,
    quietAt,
  };
}

function command(index: number, at: number, master: string, plan: CommandPlan): Act {
  return { id: `a${index}`, kind: 'command', at, master, command: plan };
}

function fault(kind: FaultKind, at: number, ms: number, target: string, value = 0): Fault {
  return { id: 'f1', kind, at, ms, target, value };
}

/** For stories that the accounts judge. */
const nothingElse = (): string[] => [];

const before = (time: number, lines: readonly StoryLine[]): StoryLine[] => lines.filter(({ at }) => at < time);

export const STORIES: Readonly<Record<string, Story>> = {
  'forged-state': {
    scenario: story({ faults: [fault('forged', 20_000, 0, '1')] }),
    check: (lines, { quietAt }) =>
      before(quietAt, lines)
        .filter(({ at, what }) => at > 20_000 && what.startsWith('connection ended'))
        .map(({ who, what }) => `${who}: ${what}`),
  },
  'second-object': {
    scenario: story({
      acts: [
        command(1, 15_000, 'm1', { type: 'twoObjects', ioa: 7_000 }),
        command(2, 17_000, 'm1', { type: 'toAll', ioa: 7_000 }),
      ],
    }),
    check: (lines, { quietAt }) =>
      before(quietAt, lines)
        .filter(({ who, what }) => who.startsWith('rtu') && /^gets c\d/.test(what))
        .map(({ what }) => `the RTU ${what}`),
  },
  // A master that may only look gives commands, also while its router and its connector are lost.
  rights: {
    scenario: story({
      secondMayLook: true,
      acts: [14_000, 20_100, 21_000, 25_300, 27_000, 29_000].flatMap((at, index) => [
        command(3 * index, at, 'm1', { type: 'bitstring', ioa: 5_000 + index }),
        command(3 * index + 1, at, 'm2', { type: 'setpoint', ioa: 6_000, steps: 'both' }),
        command(3 * index + 2, at + 50, 'm2', { type: 'interrogation', ca: 1 }),
      ]),
      faults: [
        fault('crash', 20_000, 500, 'p2'),
        { ...fault('crash', 25_000, 500, 'p1'), id: 'f2' },
        { ...fault('crash', 26_500, 500, 'p3'), id: 'f3' },
      ],
      quietAt: 40_000,
    }),
    check: nothingElse,
  },
  // An operator begins observe mode; one router after the other is lost, and the connector, before it is ended.
  'observe-at-takeover': {
    scenario: story({
      acts: [
        command(1, 14_000, 'm1', { type: 'setpoint', ioa: 6_000, steps: 'select' }),
        { id: 'a2', kind: 'observe', at: 15_000, group: '1', on: true },
        ...[21_500, 23_000, 26_000, 33_000, 38_000].map((at, index) =>
          command(3 + index, at, 'm1', { type: 'setpoint', ioa: 6_000, steps: index === 0 ? 'execute' : 'both' }),
        ),
        { id: 'a8', kind: 'observe', at: 45_000, group: '1', on: false },
        command(9, 55_000, 'm1', { type: 'bitstring', ioa: 5_000 }),
      ],
      faults: [
        fault('crash', 20_000, 500, 'p2'),
        { ...fault('crash', 24_000, 500, 'p3'), id: 'f2' },
        { ...fault('restart', 28_000, 500, 'p1'), id: 'f3' },
        { ...fault('crash', 36_000, 500, 'p2'), id: 'f4' },
      ],
      quietAt: 65_000,
    }),
    check: (lines, { quietAt }) => {
      const got = before(quietAt, lines).filter(({ who, what }) => who === 'rtu1' && /^gets c\d/.test(what));
      const during = got.filter(({ at }) => at > 15_500 && at < 45_000);
      const after = got.filter(({ at }) => at > 45_000);
      return [
        ...during.map(({ at, what }) => `${at.toFixed(0)}: the RTU ${what} in observe mode`),
        ...(after.length === 1 ? [] : [`the RTU got ${after.length} commands after it`]),
      ];
    },
  },
  'forty-stations': {
    scenario: story({
      habits: { cas: Array.from({ length: 40 }, (_, index) => index + 1), executionMs: 4_000 },
      acts: Array.from({ length: 40 }, (_, index) =>
        command(index, 12_000 + 50 * index, `m${1 + (index % 2)}`, { type: 'interrogation', ca: index + 1 }),
      ),
      quietAt: 110_000,
    }),
    check: (lines, { quietAt }) =>
      before(quietAt, lines)
        .filter(({ what }) => /^c\d+ answered: C_IC_NA_1.*P\/N=1/.test(what))
        .map(({ who, what }) => `${who}: ${what}`),
  },
  'lost-command': {
    scenario: story({
      acts: [
        command(1, 15_000, 'm1', { type: 'interrogation', ca: 1 }),
        command(2, 20_000, 'm2', { type: 'interrogation', ca: 1 }),
      ],
      faults: [fault('messages lost', 14_500, 1_000, '.cmd', 1)],
      quietAt: 40_000,
    }),
    check: (lines) =>
      before(30_000, lines).some(({ who, what }) => who === 'm2' && /^c\d+ answered/.test(what))
        ? []
        : ['the second interrogation is not answered within 10 s'],
  },
  // What a router says to who may only look does not reach the gateway.
  'lost-refusal': {
    scenario: story({
      secondMayLook: true,
      acts: [20_000, 20_050, 20_100].map((at, index) =>
        command(1 + index, at, 'm2', { type: 'bitstring', ioa: 5_000 }),
      ),
      faults: [fault('messages lost', 19_900, 1_500, '.out', 1)],
    }),
    check: (lines) => {
      const answers = before(30_000, lines).filter(
        ({ who, what }) => who === 'm2' && /^c\d+ answered.*P\/N=1/.test(what),
      );
      return answers.length === 3 ? [] : [`${answers.length} of 3 commands are refused`];
    },
  },
  // A master comes back while no answer reaches its gateway.
  'lost-admission': {
    scenario: story({
      acts: [{ id: 'a1', kind: 'drop', at: 20_000, master: 'm1', reset: false }],
      faults: [fault('messages lost', 20_000, 7_000, 'reply', 1)],
    }),
    check: nothingElse,
  },
  // A gateway is cut off, and a router is lost, while the log is trimmed past what the gateway's master has.
  'trimmed-meanwhile': {
    scenario: story({
      config: { buffsize: 30 },
      acts: [{ id: 'a1', kind: 'burst', at: 14_500, group: '1', count: 400 }],
      faults: [
        fault('bus unreachable', 14_000, 7_000, 'p4'),
        fault('crash', 20_600, 300, 'p2'),
        fault('crash', 20_600, 300, 'p3'),
      ],
      quietAt: 40_000,
      seed: 3,
    }),
    check: nothingElse,
  },
  // A master has its answers, stops data transfer and starts it again while there is no router.
  'started-at-takeover': {
    scenario: story({
      habits: { answerMs: [20, 21] },
      acts: [
        // Its answers are behind events that nobody has acknowledged yet: the mark is before them.
        { id: 'a0', kind: 'wish', at: 13_000, master: 'm2', wish: 'away' },
        command(1, 15_200, 'm1', { type: 'bitstring', ioa: 5_000 }),
        { id: 'a2', kind: 'burst', at: 15_210, group: '1', count: 3 },
        { id: 'a3', kind: 'wish', at: 15_260, master: 'm1', wish: 'standby' },
        { id: 'a4', kind: 'wish', at: 16_000, master: 'm1', wish: 'started' },
      ],
      faults: [fault('crash', 15_280, 1_500, 'p2'), fault('crash', 15_280, 1_500, 'p3')],
    }),
    check: nothingElse,
  },
  // A named master comes back, reads slowly, and gives a command while its events are replayed.
  'command-while-behind': {
    scenario: story({
      config: { buffsize: 5_000 },
      name: 'A',
      acts: [
        { id: 'a1', kind: 'wish', at: 12_000, master: 'm1', wish: 'away' },
        { id: 'a2', kind: 'burst', at: 13_000, group: '1', count: 2_500 },
        { id: 'a3', kind: 'wish', at: 25_000, master: 'm1', wish: 'started' },
        ...Array.from({ length: 20 }, (_, index) =>
          command(4 + index, 25_000 + 20 * index, 'm1', { type: 'bitstring', ioa: 5_000 }),
        ),
      ],
      quietAt: 40_000,
    }),
    check: nothingElse,
  },
  // The RTU answers late, and that the command was sent is not heard.
  'result-lost': {
    scenario: story({
      habits: { answerMs: [7_000, 7_500] },
      acts: [command(1, 15_000, 'm1', { type: 'bitstring', ioa: 5_000 })],
      faults: [fault('messages lost', 14_500, 8_000, '.cmd.result', 1)],
      quietAt: 40_000,
    }),
    check: nothingElse,
  },
  // Commands wait in the connector for the RTU's window when another router takes over.
  'waiting-at-takeover': {
    scenario: story({
      config: { link: { ...LINK, k: 1, w: 1 } },
      acts: [1, 2, 3].map((index) => command(index, 20_100 + index, 'm1', { type: 'bitstring', ioa: 5_000 + index })),
      faults: [
        fault('rtu path stalled', 20_000, 2_500, '1'),
        fault('restart', 20_200, 300, 'p2'),
        fault('restart', 20_900, 300, 'p3'),
      ],
    }),
    check: nothingElse,
  },
  // The RTU answers when the first interrogation was given up and another master has asked all stations: seed 3079. Nobody can tell yet
  // whether it mirrors OAs, so the late answers are nobody's.
  'late-interrogation': {
    scenario: story({
      habits: { answerMs: [7_000, 7_001], cas: [1, 201], oneInterrogation: true, interrogationObjects: 0 },
      acts: [
        command(1, 15_000, 'm2', { type: 'interrogation', ca: 201 }),
        command(2, 17_000, 'm1', { type: 'interrogation', ca: 65_535 }),
      ],
      quietAt: 45_000,
    }),
    check: (lines) => {
      const answers = lines.flatMap(({ who, what }) => {
        const [, cause, ca] = /^c\d+ answered: C_IC_NA_1 (ACT_\w+(?: P\/N=1)?) CA (\d+)/.exec(what) ?? [];
        return cause === undefined ? [] : [`${who} ${cause} ${ca}`];
      });
      const wanted = ['m1 ACT_CON 1', 'm1 ACT_CON P/N=1 201', 'm1 ACT_TERM 1'];
      return answers.join() === wanted.join() ? [] : [answers.join()];
    },
  },
  // A master selects, the router is lost, and another master executes.
  'select-at-takeover': {
    scenario: story({
      acts: [
        command(1, 20_000, 'm1', { type: 'setpoint', ioa: 6_000, steps: 'select' }),
        command(2, 24_000, 'm2', { type: 'setpoint', ioa: 6_000, steps: 'execute' }),
        command(3, 25_000, 'm2', { type: 'setpoint', ioa: 6_000, steps: 'execute' }),
      ],
      faults: [fault('restart', 20_400, 300, 'p2'), fault('restart', 22_000, 300, 'p3')],
      seed: 2,
    }),
    check: nothingElse,
  },
  // A master gives a command and leaves, the router is lost, and the RTU answers when somebody else has come.
  'left-before-takeover': {
    scenario: story({
      habits: { answerMs: [7_000, 7_500] },
      acts: [
        command(1, 20_000, 'm1', { type: 'bitstring', ioa: 5_000 }),
        { id: 'a2', kind: 'wish', at: 20_200, master: 'm1', wish: 'away' },
        { id: 'a3', kind: 'wish', at: 24_000, master: 'm1', wish: 'started' },
      ],
      faults: [fault('crash', 20_300, 500, 'p2'), fault('crash', 20_300, 500, 'p3')],
      quietAt: 40_000,
    }),
    check: nothingElse,
  },
  // Bursts of events of the same moment, many of them alike, in the middle of which the link breaks.
  'broken-bursts': {
    scenario: story({
      habits: { twins: 0.6, repeats: false },
      acts: [12_000, 15_000, 18_000, 21_000].map((at, index) => ({
        id: `a${index}`,
        kind: 'burst',
        at,
        group: '1',
        count: 150,
      })),
      faults: [12_005, 15_008, 18_011, 21_014].map((at) => fault('rtu path reset', at, 0, '1')),
      quietAt: 40_000,
    }),
    check: nothingElse,
  },
  // No router for longer than gateways wait for one: they refuse what comes then, and disconnect their masters.
  'no-router': {
    scenario: story({
      acts: Array.from({ length: 10 }, (_, index) =>
        command(index, 29_500 + 150 * index, 'm1', { type: 'bitstring', ioa: 5_000 }),
      ),
      faults: [fault('crash', 20_000, 14_000, 'p2'), fault('crash', 20_000, 14_000, 'p3')],
      // A record may take a minute: it is missed later only.
      quietAt: 100_000,
    }),
    check: nothingElse,
  },
  // The saved state is spoilt while no router is there to write it anew.
  'spoilt-state': {
    scenario: story({
      name: 'A',
      faults: [
        fault('crash', 20_000, 1_500, 'p2'),
        fault('crash', 20_000, 1_500, 'p3'),
        fault('value spoilt', 20_500, 0, '1'),
      ],
    }),
    check: nothingElse,
  },
  // The only connector is killed: what is given after the first commands have vanished with it is refused at once.
  'dead-connector': {
    scenario: story({
      acts: Array.from({ length: 16 }, (_, index) =>
        command(index, 20_000 + 500 * index, 'm1', { type: 'bitstring', ioa: 5_000 + index }),
      ),
      faults: [fault('crash', 19_900, 9_000, 'p1')],
      quietAt: 40_000,
    }),
    check: (lines, { quietAt }) => {
      const answered = new Set(
        before(quietAt, lines).flatMap(({ what }) => /^(c\d+) answered.*P\/N=1/.exec(what)?.[1] ?? []),
      );
      const silent = Array.from({ length: 13 }, (_, index) => `c${index + 3}`).filter((id) => !answered.has(id));
      return silent.map((id) => `${id} is not refused`);
    },
  },
  // The connection to the bus comes back, and what it stores stays away for longer than t1: an idle RTU keeps its link.
  'idle-without-store': {
    scenario: idleWithoutStore(),
    check: (lines, { quietAt }) =>
      before(quietAt, lines)
        .filter(({ who, what }) => who === 'rtu1' && /^connection of .* ended/.test(what))
        .map(({ at, what }) => `${at.toFixed(0)}: ${what}`),
  },
  // An older store comes back, in which a router that was stopped meanwhile still owns the group.
  'lease-set-back': {
    scenario: story({
      faults: [20_000, 50_000].flatMap((at, index) => [
        { ...fault('pause', at, 5_000, index === 0 ? 'p2' : 'p3'), id: `f${2 * index + 1}` },
        { ...fault('store restored', at + 1_000, 3_400, '', 3_000), id: `f${2 * index + 2}` },
      ]),
      quietAt: 62_000,
    }),
    check: nothingElse,
  },
  // The router that owns the group stops for long, or is killed, also shortly after it was held up or cut off.
  ...Object.fromEntries(
    [1, 2, 3, 4].map((seed) => [`owner-lost-${seed}`, { scenario: ownerLost(seed), check: nothingElse }]),
  ),
  // A connector is cut off for so long that another one takes over, and just so long that what it had on its way comes then.
  ...Object.fromEntries(
    [2_165, 2_189, 2_229].map((ms) => [`cut-off-writer-${ms}`, { scenario: cutOffWriter(ms), check: nothingElse }]),
  ),
};

/** Two connectors, one after the other cut off from the bus for `ms`; a named master is away meanwhile. */
function cutOffWriter(ms: number): Scenario {
  const scenario = story({
    name: 'A',
    acts: [
      { id: 'a1', kind: 'wish', at: 14_000, master: 'm1', wish: 'away' },
      { id: 'a2', kind: 'wish', at: 27_000, master: 'm1', wish: 'started' },
    ],
    faults: [fault('bus unreachable', 15_000, ms, 'p1'), { ...fault('bus unreachable', 22_000, ms, 'p6'), id: 'f2' }],
    seed: ms,
  });
  const [connector, ...others] = scenario.processes;
  const standby = { ...connector, id: 'p6', hostname: 'host-p6', address: '10.1.0.6' } as ProcessPlan;
  return {
    ...scenario,
    groups: scenario.groups.map((group) => ({ ...group, rate: 6 })),
    processes: [connector as ProcessPlan, standby, ...others],
  };
}

function idleWithoutStore(): Scenario {
  const link = { ...LINK, t1Ms: 4_000, t2Ms: 1_000, t3Ms: 5_000 };
  const scenario = story({
    habits: { link },
    config: { link },
    faults: [
      fault('bus leader lost', 20_000, 20_000, ''),
      { ...fault('bus connection lost', 20_100, 0, 'p1'), id: 'f2' },
    ],
    quietAt: 45_000,
  });
  return { ...scenario, groups: scenario.groups.map((group) => ({ ...group, rate: 0.01 })) };
}

/** One router after the other is lost, each just after it was held up, or had lost its connection to the bus. */
function ownerLost(seed: number): Scenario {
  const losses = ['p2', 'p3', 'p2', 'p3', 'p2', 'p3'].flatMap((router, index) => {
    const at = 20_000 + 15_000 * index + 100 * seed;
    const trouble = index < 4 ? fault('pause', at, 1_000 + 100 * seed, router) : fault('pause', at, 100, router);
    const lost = fault(index % 4 < 2 ? 'pause' : 'crash', at + 1_800 + 900 * seed, 4_000, router);
    return [trouble, lost];
  });
  const faults = losses.map((each, index) => ({ ...each, id: `f${index + 1}` }));
  const scenario = story({ faults, quietAt: 115_000, seed });
  return { ...scenario, groups: scenario.groups.map((group) => ({ ...group, rate: 30 })) };
}
