import { FAULT_KINDS, type Act, type CommandPlan, type Fault, type FaultKind, type Scenario } from '../scenario/scenario.ts';
import { generate } from '../scenario/generate.ts';
import { Random } from '../world/random.ts';
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
  readonly cas?: readonly number[];
  readonly executionMs?: number;
  readonly acts?: readonly Act[];
  readonly faults?: readonly Fault[];
  readonly quietAt?: number;
}): Scenario {
  const { cas = [1], executionMs = 100, acts = [], faults = [], quietAt = 30_000 } = changes;
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
    seed: 1,
    shape: 'pods',
    bus: { servers: 1, sync: 'always' },
    groups: [
      {
        id: '1',
        rate: 3,
        habits: {
          cas,
          link: { ...LINK, t2Ms: 1_000 },
          oa: 'mirror',
          actTerm: true,
          answerMs: [2, 20],
          executionMs,
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
        },
        config: {
          link: LINK,
          buffsize: 1_000,
          maxConnections: 2,
          sameIp: 'all',
          ack: undefined,
          interrogation: 'all',
          decoded: false,
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
      name: undefined,
      wish: 'started',
      link: { ...LINK, t2Ms: 1_000 },
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
  'forty-stations': {
    scenario: story({
      cas: Array.from({ length: 40 }, (_, index) => index + 1),
      executionMs: 4_000,
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
};

const GARBAGE_KINDS = FAULT_KINDS.filter((kind) => kind === 'garbage' || kind === 'forged' || kind === 'value spoilt');

/** The story of a seed, with garbage on the bus and in the store beside its own faults. */
export function withGarbage(seed: number): Scenario {
  const scenario = generate(seed);
  if (scenario.shape === 'one') return scenario;
  const random = new Random(`${seed}/garbage`);
  const more = Array.from({ length: random.integer(1, 4) }, (_, index): Fault => {
    const at = random.integer(8_000, scenario.quietAt - 1_000);
    const group = random.pick(scenario.groups).id;
    return { id: `f${index + 101}`, kind: random.pick(GARBAGE_KINDS), at, ms: 0, target: group, value: random.integer(0, 20) };
  });
  return { ...scenario, faults: [...scenario.faults, ...more].sort((a, b) => a.at - b.at) };
}
