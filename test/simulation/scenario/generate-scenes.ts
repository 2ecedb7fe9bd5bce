import type { Random } from '../world/random.ts';
import type { Act, CommandPlan, Fault, FaultKind, GroupPlan, MasterPlan, Scenario } from './scenario.ts';

type WithoutId<T> = T extends { readonly id: string } ? Omit<T, 'id'> : never;
export type NewAct = WithoutId<Act>;
export type NewFault = Omit<Fault, 'id'>;
type Plan = Pick<Scenario, 'shape' | 'groups' | 'processes' | 'masters'>;

/** What a scene adds to a story. */
export interface Staged {
  readonly name: string;
  readonly groups: readonly GroupPlan[];
  readonly masters: readonly MasterPlan[];
  readonly acts: readonly NewAct[];
  readonly faults: readonly NewFault[];
  /** It is over then. */
  readonly endsAt: number;
}

/** Who plays, and what is written down of it. Times are counted from the beginning of the scene. */
interface Stage {
  readonly random: Random;
  readonly group: GroupPlan;
  readonly masters: readonly MasterPlan[];
  readonly routers: readonly string[];
  readonly gateways: readonly string[];
  readonly connectors: readonly string[];
  act(act: { readonly kind: Act['kind']; readonly at: number } & Record<string, unknown>): void;
  command(at: number, master: MasterPlan, command: CommandPlan): void;
  fault(kind: FaultKind, at: number, ms: number, target: string, value?: number): void;
}

/** A situation that has to be set up: several things that go wrong, or happen, at the right moments. */
interface Scene {
  readonly lastsMs: number;
  /** What it needs of the group. */
  readonly habits?: Partial<GroupPlan['habits']>;
  readonly config?: Partial<GroupPlan['config']>;
  /** One command may be on its way at a time. */
  readonly window?: 1;
  /** False: it cannot be played with these. Not for one process: `true` when it can. */
  readonly inOne?: true;
  readonly named?: true;
  play(stage: Stage): void;
}

const CRASH_MS = 400;
/** Objects of its own, so that what other masters do is not in the way. */
const SCENE_IOA = 6_500;
const SLOW_RTU = { answerMs: [7_000, 7_500], oa: 'mirror' } as const;

const loseRouters = ({ fault, routers }: Stage, at: number, ms = CRASH_MS): void => {
  for (const router of routers) fault('crash', at, ms, router);
};
const another = ({ masters, random }: Stage, than: MasterPlan): MasterPlan =>
  random.pick(masters.filter((master) => master !== than && master.name !== than.name).concat(masters.slice(0, 1)));

const BROKEN_BURSTS: Scene = {
  lastsMs: 13_000,
  inOne: true,
  play: ({ act, fault, group, random }) => {
    for (let i = 0; i < 4; i++) {
      act({ kind: 'burst', at: 3_000 * i, group: group.id, count: 150 });
      // In the middle of it, or when all of it is acknowledged.
      const afterMs = random.chance(0.5) ? random.integer(2, 15) : random.integer(500, 2_500);
      fault('rtu path reset', 3_000 * i + afterMs, 0, group.id);
    }
  },
};

export const SCENES: Readonly<Record<string, Scene>> = {
  // The saved state, or a lease, is spoilt while no router is there that would write it anew.
  spoiltState: {
    lastsMs: 3_000,
    play: (stage) => {
      loseRouters(stage, 0);
      stage.fault('value spoilt', 50, 0, stage.group.id, stage.random.integer(0, 20));
    },
  },
  // A master comes back while no answer reaches its gateway.
  lostAdmission: {
    lastsMs: 8_000,
    play: ({ act, fault, masters, random }) => {
      act({ kind: 'drop', at: 0, master: random.pick(masters).id, reset: false });
      fault('messages lost', 0, 7_000, 'reply', 1);
    },
  },
  // A gateway is cut off, and a router lost, while the log is trimmed past what the gateway's masters have.
  trimmedMeanwhile: {
    lastsMs: 8_000,
    config: { buffsize: 30 },
    play: (stage) => {
      const { act, fault, gateways, random, group } = stage;
      fault('bus unreachable', 0, 7_000, random.pick(gateways));
      act({ kind: 'burst', at: 500, group: group.id, count: 400 });
      loseRouters(stage, 6_600, 300);
    },
  },
  // A named master comes back and gives commands while what it has missed is replayed.
  commandWhileBehind: {
    lastsMs: 14_000,
    named: true,
    inOne: true,
    config: { buffsize: 5_000 },
    play: (stage) => {
      const { act, command, group, masters, random } = stage;
      const master = masters.find(({ name }) => name !== undefined) as MasterPlan;
      for (const { id, name } of masters) {
        if (name === master.name) act({ kind: 'wish', at: 0, master: id, wish: 'away' });
      }
      act({ kind: 'burst', at: 1_000, group: group.id, count: random.pick([1_500, 2_500]) });
      act({ kind: 'wish', at: 12_000, master: master.id, wish: 'started' });
      for (let i = 0; i < 20; i++) command(12_000 + 20 * i, master, { type: 'bitstring', ioa: SCENE_IOA });
    },
  },
  // A master selects, the router is lost, and another one executes.
  selectAtTakeover: {
    lastsMs: 8_000,
    habits: { selectMs: 20_000, answerMs: [2, 20] },
    play: (stage) => {
      const { command, fault, masters, random, routers } = stage;
      const master = random.pick(masters);
      command(0, master, { type: 'setpoint', ioa: SCENE_IOA, steps: 'select' });
      routers.forEach((router, index) => fault('restart', 400 + 1_600 * index, 300, router));
      for (const at of [4_000, 5_000, 7_000])
        command(at, another(stage, master), { type: 'setpoint', ioa: SCENE_IOA, steps: 'execute' });
    },
  },
  // Commands wait in the connector for the RTU's window when another router takes over.
  waitingAtTakeover: {
    lastsMs: 5_000,
    window: 1,
    play: ({ command, fault, group, masters, random, routers }) => {
      fault('rtu path stalled', 0, 2_500, group.id);
      const master = random.pick(masters);
      for (let i = 0; i < 3; i++) command(100 + i, master, { type: 'bitstring', ioa: SCENE_IOA + i });
      routers.forEach((router, index) => fault('restart', 200 + 700 * index, 300, router));
    },
  },
  // Commands are written to a path that is stuck, and opens when their time is over.
  stuckPath: {
    lastsMs: 18_000,
    inOne: true,
    play: ({ command, fault, group, masters, random }) => {
      fault('rtu path stalled', 0, random.integer(8_500, 16_000), group.id);
      for (let i = 0; i < 3; i++)
        command(random.integer(50, 2_000), random.pick(masters), { type: 'bitstring', ioa: SCENE_IOA + i });
    },
  },
  // A master gives a command and leaves, the router is lost, and the RTU answers when others have come.
  leftBeforeTakeover: {
    lastsMs: 9_000,
    habits: SLOW_RTU,
    play: (stage) => {
      const { act, command, masters, random } = stage;
      const master = random.pick(masters);
      command(0, master, { type: 'bitstring', ioa: SCENE_IOA });
      act({ kind: 'wish', at: 200, master: master.id, wish: 'away' });
      loseRouters(stage, 300, 500);
      act({ kind: 'wish', at: 4_000, master: master.id, wish: 'started' });
    },
  },
  // No router for longer than gateways wait for one. A record may take a while.
  noRouter: {
    lastsMs: 55_000,
    play: (stage) => {
      const { command, masters, random } = stage;
      loseRouters(stage, 0, 14_000);
      const master = random.pick(masters);
      for (let i = 0; i < 10; i++) command(9_500 + 150 * i, master, { type: 'bitstring', ioa: SCENE_IOA });
    },
  },
  // An interrogation is lost on its way, and others follow.
  lostCommand: {
    lastsMs: 2_000,
    habits: { actTerm: true, answerMs: [2, 20], executionMs: 20 },
    play: ({ command, fault, group, masters, random }) => {
      fault('messages lost', 0, 1_000, '.cmd', 1);
      command(500, random.pick(masters), { type: 'interrogation', ca: group.habits.cas[0] as number });
    },
  },
  // The RTU answers late, and that the commands were sent, or they themselves, are not heard of.
  resultLost: {
    lastsMs: 12_000,
    habits: SLOW_RTU,
    play: ({ command, fault, masters, random }) => {
      fault('messages lost', 0, 8_000, random.pick(['.cmd.result', '.cmd.result', '.cmd']), 1);
      for (let i = 0; i < 2; i++)
        command(500 + 700 * i, random.pick(masters), { type: 'bitstring', ioa: SCENE_IOA + i });
    },
  },
  // Bursts, in or after which the link breaks: of events of one moment, and of events whose time tags say nothing.
  brokenBursts: { ...BROKEN_BURSTS, habits: { twins: 0.6, tags: 'valid' } },
  brokenEqualBursts: { ...BROKEN_BURSTS, named: true, habits: { twins: 0.6, tags: 'constant', repeats: false } },
  // A connector is cut off for about as long as another one needs to take over.
  cutOffConnector: {
    lastsMs: 10_000,
    play: ({ connectors, fault, random }) => {
      for (const [index, connector] of connectors.entries())
        fault('bus unreachable', 5_000 * index, random.integer(1_500, 3_000), connector);
    },
  },
  // Many stations behind one RTU are asked at once, each for some seconds.
  manyStations: {
    lastsMs: 75_000,
    inOne: true,
    habits: { executionMs: 4_000, oneInterrogation: false, answerMs: [2, 20] },
    play: ({ command, group, masters, random }) => {
      group.habits.cas.forEach((ca, index) => command(50 * index, random.pick(masters), { type: 'interrogation', ca }));
    },
  },
  // Well made messages of somebody who owns nothing, and garbage, on every subject.
  nobodysMessages: {
    lastsMs: 6_000,
    play: ({ fault, group, random }) => {
      for (let i = 0; i < 3; i++) fault(random.pick(['forged', 'garbage']), random.integer(0, 5_000), 0, group.id);
    },
  },
};

const MANY_STATIONS = 20;

/** Sets a scene up in one group, from `at` on; undefined when it cannot be played with what is there. */
export function stage(name: string, plan: Plan, at: number, random: Random): Staged | undefined {
  const scene = SCENES[name] as Scene;
  if (plan.shape === 'one' && scene.inOne === undefined) return undefined;
  const index = random.integer(0, plan.groups.length - 1);
  const chosen = plan.groups[index] as GroupPlan;
  const masters = plan.masters.filter(({ group, wish }) => group === chosen.id && wish === 'started');
  if (scene.named === true && masters.every(({ name: of }) => of === undefined)) return undefined;
  const narrow = scene.window === 1 ? { k: 1, w: 1 } : {};
  const cas = name === 'manyStations' ? stations(Number(chosen.id)) : chosen.habits.cas;
  const group = {
    ...chosen,
    habits: {
      ...chosen.habits,
      ...scene.habits,
      cas,
      link: { ...chosen.habits.link, ...(scene.window === 1 ? { w: 1 } : {}) },
    },
    config: { ...chosen.config, ...scene.config, link: { ...chosen.config.link, ...narrow } },
  };
  const acts: NewAct[] = [];
  const faults: NewFault[] = [];
  const having = (part: string): string[] =>
    plan.processes.filter(({ parts }) => parts.some((of) => of === part)).map(({ id }) => id);
  scene.play({
    ...{ random, group, masters },
    routers: having('router'),
    gateways: having('gateway'),
    connectors: plan.processes.filter(({ groups }) => groups.includes(group.id)).map(({ id }) => id),
    act: (act) => acts.push({ ...act, at: at + act.at } as unknown as NewAct),
    command: (after, master, command) => acts.push({ kind: 'command', at: at + after, master: master.id, command }),
    fault: (kind, after, ms, target, value = 0) => faults.push({ kind, at: at + after, ms, target, value }),
  });
  return {
    name,
    groups: plan.groups.map((each) => (each === chosen ? group : each)),
    // Who acknowledges late would get one event each time.
    masters: plan.masters.map((each) =>
      each.group === group.id ? { ...each, link: { ...each.link, ...narrow } } : each,
    ),
    acts,
    faults,
    endsAt: at + scene.lastsMs,
  };
}

function stations(first: number): number[] {
  return Array.from({ length: MANY_STATIONS }, (_, index) => first + 1_000 * index);
}
