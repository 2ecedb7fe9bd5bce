import { BROADCAST_CA } from '@iec104mm2ss/iec104';
import type { Random } from '../world/random.ts';
import { BEGIN_MS } from './generate.ts';
import type { NewAct } from './generate-scenes.ts';
import type { CommandPlan, MasterPlan, Scenario } from './scenario.ts';

/** Objects that several masters command. */
const BITSTRING_IOA = 5_000;
const SETPOINT_IOA = 6_000;
const SINGLE_IOA = 7_000;

/** What masters and RTUs do of their own accord. */
export function generateActs(
  plan: Pick<Scenario, 'groups' | 'masters'>,
  quietAt: number,
  random: Random,
): readonly NewAct[] {
  const acts: NewAct[] = [];
  for (const master of plan.masters) {
    const group = plan.groups.find(({ id }) => id === master.group);
    const cas = group?.habits.cas ?? [1];
    commands(master, cas, quietAt, random, acts);
    if (random.chance(0.5)) movements(master, quietAt, random, acts);
  }
  for (const { id } of plan.groups) {
    if (random.chance(0.5)) {
      acts.push({
        kind: 'burst',
        at: random.integer(BEGIN_MS, quietAt),
        group: id,
        count: random.pick([10, 60, 150, 400]),
      });
    }
  }
  return acts;
}

function commands(master: MasterPlan, cas: readonly number[], quietAt: number, random: Random, acts: NewAct[]): void {
  const pauseMs = random.pick([700, 2_000, 6_000]);
  let at = BEGIN_MS + random.integer(0, pauseMs);
  while (at < quietAt) {
    acts.push({ kind: 'command', at, master: master.id, command: commandPlan(cas, random) });
    // Sometimes several at once.
    at += random.chance(0.2) ? random.integer(0, 5) : random.integer(pauseMs / 2, 2 * pauseMs);
  }
}

function commandPlan(cas: readonly number[], random: Random): CommandPlan {
  const draw = random.next();
  if (draw < 0.3) return { type: 'bitstring', ioa: BITSTRING_IOA + random.integer(0, 3) };
  if (draw < 0.45) return { type: 'single', ioa: SINGLE_IOA + random.integer(0, 1), value: random.chance(0.5) };
  if (draw < 0.7) {
    const steps = random.pick(['both', 'both', 'both', 'select', 'execute'] as const);
    return { type: 'setpoint', ioa: SETPOINT_IOA + random.integer(0, 1), steps };
  }
  if (draw < 0.85) return { type: 'interrogation', ca: random.chance(0.2) ? BROADCAST_CA : random.pick(cas) };
  if (draw < 0.9) return { type: 'read', ioa: BITSTRING_IOA };
  if (draw < 0.95) return { type: 'twoObjects', ioa: SINGLE_IOA };
  return { type: 'toAll', ioa: SINGLE_IOA };
}

function movements(master: MasterPlan, quietAt: number, random: Random, acts: NewAct[]): void {
  const at = random.integer(BEGIN_MS, quietAt - 2_000);
  const until = Math.min(quietAt, at + random.integer(500, 12_000));
  const { id } = master;
  switch (random.pick(['away', 'slow', 'drop', 'standby', 'switch'])) {
    case 'away':
      acts.push(
        { kind: 'wish', at, master: id, wish: 'away' },
        { kind: 'wish', at: until, master: id, wish: 'started' },
      );
      break;
    case 'standby':
      acts.push(
        { kind: 'wish', at, master: id, wish: 'standby' },
        { kind: 'wish', at: until, master: id, wish: 'started' },
      );
      break;
    case 'switch':
      // The other one of a redundant pair takes over, and this one again.
      acts.push({ kind: 'wish', at, master: id, wish: 'started' });
      break;
    case 'slow':
      acts.push({ kind: 'reads', at, master: id, on: false }, { kind: 'reads', at: until, master: id, on: true });
      break;
    default:
      for (let i = random.integer(1, 3); i > 0; i--) {
        acts.push({ kind: 'drop', at: random.integer(BEGIN_MS, quietAt), master: id, reset: random.chance(0.5) });
      }
  }
}
