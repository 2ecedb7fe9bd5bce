import type { Sizes } from '../accounts/collections.ts';
import type { Violation } from '../accounts/violations.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { StoryLine } from '../world/world.ts';
import { checkEnd, checkLeftovers, checkMemory, checkRecords, collectionsOf, Probes } from './end-checks.ts';
import { FaultPlayer } from './fault-player.ts';
import { System } from './system.ts';

/** After the last fault everything works again within this time, ms. */
export const RECOVERY_MS = 45_000;
/** A command given then is answered within this time: RTUs may take twelve seconds. */
export const PROBE_MS = 25_000;
/** Events that are under way arrive within this time when nothing is wrong. */
const DRAIN_MS = 12_000;
/** Nothing is remembered of masters that left for longer than this. */
const FORGET_MS = 210_000;
/** The product has started, and no master has come yet: so long before the first one does. */
const BEFORE_MASTERS_MS = 100;
const SHUTDOWN_MS = 15_000;
/** Every so many seeds are given all this time, the others as much as they need. */
const THOROUGH = 15;
const STEP_MS = 1_000;

export interface StoryResult {
  readonly hash: string;
  readonly violations: readonly Violation[];
  readonly simulatedMs: number;
  readonly steps: number;
  readonly story: readonly StoryLine[];
  readonly counts: { readonly events: number; readonly commands: number; readonly answered: number };
}

/** Plays a story from its beginning to its end. Nothing but the scenario decides what happens. */
export async function runStory(scenario: Scenario, keepStory = false): Promise<StoryResult> {
  const system = new System(scenario, keepStory);
  const { world, violations, masters, rtus } = system;
  const unhandled = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    violations.add('uncaught', `a promise was rejected: ${text.split('\n').slice(0, 4).join(' | ')}`);
  };
  process.on('unhandledRejection', unhandled);
  const isThorough = scenario.seed % THOROUGH === 0;
  /** Runs for `ms`, or until `done` if that is enough. */
  const runFor = async (ms: number, done: () => boolean): Promise<void> => {
    const end = world.time + ms;
    for (let isDone = done(); world.time < end && (isThorough || !isDone); isDone = done()) {
      await world.runFor(Math.min(STEP_MS, end - world.time));
    }
  };
  try {
    system.start();
    let atFirst: Sizes = new Map();
    world.at(system.mastersAt - BEFORE_MASTERS_MS, () => (atFirst = collectionsOf(system)));
    playActs(system);
    new FaultPlayer(system).schedule(scenario.faults);
    await world.runUntil(scenario.quietAt);

    system.tell('from here on nothing goes wrong');
    for (const { id } of scenario.masters) masters.get(id)?.read(true);
    let calm = 0;
    await runFor(RECOVERY_MS, () => {
      system.wishAgain();
      calm = system.everybodyIsThere ? calm + 1 : 0;
      return calm > 3;
    });
    // What was spoilt may have begun it: an operator ends it.
    const spoilt = new Set(scenario.faults.flatMap(({ kind, target }) => (kind === 'value spoilt' ? [target] : [])));
    for (const group of spoilt) system.observe(group, false);
    if (spoilt.size > 0) await world.runFor(2 * STEP_MS);
    const probes = new Probes(system);
    await runFor(PROBE_MS, () => {
      probes.tryAgain();
      return probes.answered;
    });
    probes.check();

    for (const rtu of rtus.values()) rtu.quiet();
    await runFor(DRAIN_MS, () => [...rtus.values()].every(({ unacknowledged }) => unacknowledged === 0));
    await world.runFor(2 * STEP_MS);
    checkEnd(system);

    system.tell('all masters leave');
    for (const master of masters.values()) master.want('away');
    await runFor(FORGET_MS, () => true);
    await world.runFor(STEP_MS);
    if (isThorough && system.configs.length === scenario.groups.length) checkMemory(system, atFirst);
    checkRecords(system);
    system.tell('everything is stopped');
    for (const product of system.products.values()) product.stop();
    await world.runFor(SHUTDOWN_MS);
    checkLeftovers(system);
  } finally {
    process.off('unhandledRejection', unhandled);
  }
  const { all } = system.book;
  return {
    hash: world.hash,
    violations: violations.all,
    simulatedMs: world.time,
    steps: world.steps,
    story: world.story,
    counts: {
      events: [...system.ledgers.values()].reduce((sum, { entries }) => sum + entries.length, 0),
      commands: all.length,
      answered: all.filter(({ answers }) => answers.length > 0).length,
    },
  };
}

function playActs(system: System): void {
  const { world, masters, rtus, commands } = system;
  for (const act of system.scenario.acts) {
    world.at(act.at, () => {
      switch (act.kind) {
        case 'command':
          commands.give(act.master, act.command);
          break;
        case 'wish':
          masters.get(act.master)?.want(act.wish);
          break;
        case 'reads':
          masters.get(act.master)?.read(act.on);
          break;
        case 'drop':
          masters.get(act.master)?.drop(act.reset);
          break;
        case 'burst':
          rtus.get(act.group)?.burst(act.count);
          break;
        case 'observe':
          system.observe(act.group, act.on);
          break;
      }
    });
  }
}
