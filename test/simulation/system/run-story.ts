import type { Scenario } from '../scenario/scenario.ts';
import type { Violation } from '../accounts/violations.ts';
import type { StoryLine } from '../world/world.ts';
import { checkEnd, checkLeftovers, Probes } from './end-checks.ts';
import { FaultPlayer } from './fault-player.ts';
import { System } from './system.ts';

/** After the last fault everything works again within this time, ms. */
export const RECOVERY_MS = 45_000;
/** A command given then is answered within this time: RTUs may take twelve seconds. */
export const PROBE_MS = 25_000;
/** Events that are under way arrive within this time when nothing is wrong. */
const SETTLE_MS = 20_000;
const DRAIN_MS = 12_000;
/** Nothing is remembered of masters that left for longer than this. */
const FORGET_MS = 75_000;
const SHUTDOWN_MS = 15_000;

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
    violations.add('uncaught', `a promise was rejected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  };
  process.on('unhandledRejection', unhandled);
  try {
    system.start();
    playActs(system);
    new FaultPlayer(system).schedule(scenario.faults);
    await world.runUntil(scenario.quietAt);

    system.tell('from here on nothing goes wrong');
    for (const { id, wish } of scenario.masters) {
      masters.get(id)?.read(true);
      masters.get(id)?.want(wish);
      // One of a redundant pair may have been on its way to take over.
      world.after(SETTLE_MS, () => masters.get(id)?.want(wish));
    }
    await world.runFor(RECOVERY_MS);
    const probes = new Probes(system);
    await world.runFor(PROBE_MS);
    probes.check();

    for (const rtu of rtus.values()) rtu.quiet();
    await world.runFor(DRAIN_MS);
    checkEnd(system);

    system.tell('all masters leave');
    for (const master of masters.values()) master.want('away');
    await world.runFor(FORGET_MS);
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
      }
    });
  }
}
