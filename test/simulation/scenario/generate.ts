import type { LinkParameters } from '@iec104mm2ss/iec104';
import type { RtuHabits } from '../actors/rtu-habits.ts';
import { Random } from '../world/random.ts';
import { generateActs } from './generate-acts.ts';
import { generateFaults } from './generate-faults.ts';
import { SCENES, stage, type Staged } from './generate-scenes.ts';
import type { GroupPlan, MasterPlan, Part, ProcessPlan, Scenario } from './scenario.ts';

/** Everything is up and quiet before the first fault. */
export const BEGIN_MS = 8_000;
const AFTER_SCENE_MS = 3_000;
const MOST_FAULTS = 7;
const MOST_BESIDE_A_SCENE = 2;

/** Makes a story from a seed. */
export function generate(seed: number): Scenario {
  const random = new Random(`${seed}/scenario`);
  const shape = random.pick(['pods', 'pods', 'pods', 'pairs', 'one'] as const);
  const groups = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, (_, i) => groupPlan(`${i + 1}`, random));
  const masters = withRights(
    groups.flatMap((group) => masterPlans(group, random)),
    new Random(`${seed}/rights`),
  );
  const servers = shape !== 'one' && random.chance(0.3) ? 3 : 1;
  const sync = random.chance(0.85) ? 'always' : random.integer(3_000, 20_000);
  const plan = {
    seed,
    shape,
    // In real life half a minute, which is as long as a story: most of what is trimmed too early would not be seen.
    bus: { servers, sync, ...(new Random(`${seed}/trim`).chance(0.7) && { trimMs: 200 }) },
    upgraded: shape !== 'one' && new Random(`${seed}/upgrade`).chance(0.15),
    groups: groups.map((group) => withLimits(group, masters)),
    processes: processPlans(shape, groups, random),
    masters: renumber(masters),
  } as const;
  const longMs = random.integer(15_000, 50_000);
  const scene = setScene(plan, BEGIN_MS + longMs, new Random(`${seed}/scene`));
  const quietAt = Math.max(BEGIN_MS + longMs, (scene?.endsAt ?? 0) + AFTER_SCENE_MS);
  const staged = { ...plan, groups: scene?.groups ?? plan.groups, masters: scene?.masters ?? plan.masters };
  const acts = [...generateActs(staged, quietAt, new Random(`${seed}/acts`)), ...(scene?.acts ?? [])];
  const most = scene === undefined ? MOST_FAULTS : MOST_BESIDE_A_SCENE;
  const faults = [...generateFaults(staged, quietAt, most, new Random(`${seed}/faults`)), ...(scene?.faults ?? [])];
  return {
    ...staged,
    scene: scene?.name,
    acts: acts.sort((a, b) => a.at - b.at).map((act, i) => ({ ...act, id: `a${i + 1}` })),
    faults: faults.sort((a, b) => a.at - b.at).map((fault, i) => ({ ...fault, id: `f${i + 1}` })),
    quietAt,
  };
}

/** Half of the stories have a scene, soon or at the end: what chance alone would hardly ever bring about. */
function setScene(
  plan: Pick<Scenario, 'shape' | 'groups' | 'processes' | 'masters'>,
  endMs: number,
  random: Random,
): Staged | undefined {
  if (random.chance(0.5)) return undefined;
  const name = random.pick(Object.keys(SCENES));
  const soon = BEGIN_MS + random.integer(1_000, 8_000);
  const late = Math.max(BEGIN_MS + 1_000, endMs - (SCENES[name]?.lastsMs ?? 0));
  return stage(name, plan, random.chance(0.5) ? soon : late, random);
}

function groupPlan(id: string, random: Random): GroupPlan {
  const t1Ms = random.pick([4_000, 8_000, 15_000]);
  const rtuK = random.pick([12, 12, 3]);
  const k = random.pick([12, 12, 3, 1]);
  const link: LinkParameters = {
    t1Ms,
    t2Ms: Math.floor(t1Ms / random.pick([2, 3, 8])),
    t3Ms: random.pick([5_000, 20_000]),
    k,
    // One w for both sides, which fits what either may have unacknowledged.
    w: Math.min(random.pick([8, 8, 1]), twoThirds(rtuK), twoThirds(k)),
  };
  return {
    id,
    habits: rtuHabits(Number(id), rtuK, link, random),
    rate: random.pick([0.5, 3, 3, 10]),
    config: {
      link,
      buffsize: random.pick([30, 200, 1_000, 1_000]),
      maxConnections: 5,
      sameIp: random.pick(['all', 'all', 'new', 'old']),
      ack: random.pick([undefined, undefined, undefined, 'stored', 'delivered']),
      interrogation: random.pick(['all', 'all', 'originator']),
      decoded: random.chance(0.1),
    },
  };
}

function rtuHabits(number: number, k: number, link: LinkParameters, random: Random): RtuHabits {
  const slow = random.chance(0.15);
  return {
    cas: random.chance(0.25) ? [number, number + 100, number + 200] : [number],
    link: { ...link, k, w: random.pick([1, twoThirds(link.k)]), t2Ms: Math.min(link.t2Ms, 2_000) },
    oa: random.pick(['mirror', 'mirror', 'zero', 'constant', 'last']),
    actTerm: random.chance(0.75),
    answerMs: slow ? [100, 12_000] : [2, random.pick([20, 300, 2_000])],
    executionMs: random.pick([0, 20, 1_000]),
    repeats: random.chance(0.85),
    tags: random.pick(['none', 'valid', 'valid', 'constant', 'invalid']),
    twins: random.pick([0, 0, 0.2, 0.6]),
    needsSelect: random.chance(0.5),
    selectMs: random.pick([5_000, 20_000]),
    connections: random.pick(['several', 'several', 'refuses', 'replaces']),
    startWithinMs: random.chance(0.1) ? 2_000 : undefined,
    endOfInitialization: random.chance(0.5),
    interrogationObjects: random.pick([1, 5, 15]),
    oneInterrogation: random.chance(0.3),
  };
}

function masterPlans(group: GroupPlan, random: Random): MasterPlan[] {
  const count = random.pick([1, 2, 2, 3, 4]);
  const named = random.chance(0.6);
  const pair = named && count > 1 && random.chance(0.6);
  return Array.from({ length: count }, (_, i) => ({
    id: '',
    group: group.id,
    address: `10.4.${group.id}.${i + 1}`,
    name: pair && i < 2 ? 'A' : named && random.chance(0.6) ? `M${i + 1}` : undefined,
    wish: pair && i === 1 ? 'standby' : 'started',
    link: {
      ...group.config.link,
      t2Ms: random.integer(100, group.config.link.t2Ms),
      w: random.pick([1, group.config.link.w]),
    },
  }));
}

/** In some stories some masters may only look. */
function withRights(masters: readonly MasterPlan[], random: Random): MasterPlan[] {
  if (random.chance(0.75)) return [...masters];
  return masters.map((master) => (random.chance(0.4) ? { ...master, mayControl: false } : master));
}

const twoThirds = (k: number): number => Math.max(1, Math.floor((2 * k) / 3));

function renumber(masters: readonly MasterPlan[]): MasterPlan[] {
  return masters.map((master, i) => ({ ...master, id: `m${i + 1}` }));
}

/** No more connections than there are masters: one that is left over keeps somebody out. */
function withLimits(group: GroupPlan, masters: readonly MasterPlan[]): GroupPlan {
  const maxConnections = Math.max(1, masters.filter((master) => master.group === group.id).length);
  return { ...group, config: { ...group.config, maxConnections } };
}

function processPlans(shape: Scenario['shape'], groups: readonly GroupPlan[], random: Random): ProcessPlan[] {
  const plans: ProcessPlan[] = [];
  const ids = groups.map(({ id }) => id);
  // Two containers may have the same host name; all have process id 1.
  const sameHost = random.chance(0.5);
  const add = (parts: readonly Part[], served: readonly string[]): void => {
    const id = `p${plans.length + 1}`;
    plans.push({
      id,
      parts,
      groups: served,
      hostname: sameHost ? 'host' : `host-${id}`,
      address: `10.1.0.${plans.length + 1}`,
      rate: 1 + random.between(-2e-4, 2e-4),
      wallSkewMs: random.pick([0, 0, random.integer(-40_000, 40_000), 3_600_000, -3_600_000]),
    });
  };
  if (shape === 'one') add(['connector', 'router', 'gateway'], ids);
  else if (shape === 'pairs') for (let i = 0; i < 2; i++) add(['connector', 'router', 'gateway'], ids);
  else {
    for (const id of ids) for (let i = random.pick([1, 2, 2]); i > 0; i--) add(['connector'], [id]);
    for (let i = random.pick([1, 2, 2, 3]); i > 0; i--) add(['router'], []);
    for (let i = random.pick([1, 2, 2, 3]); i > 0; i--) add(['gateway'], []);
  }
  return plans;
}
