import type { Random } from '../world/random.ts';
import { BEGIN_MS } from './generate.ts';
import type { NewFault } from './generate-scenes.ts';
import type { FaultKind, Scenario } from './scenario.ts';

const HOUR_MS = 3_600_000;
/** At most so many at once. */
const AT_ONCE = 2;
/** Kinds of subjects whose messages get lost: all, or one kind only. */
const LOST_PARTS = [
  '.',
  '.in',
  '.out',
  '.ack',
  '.cmd',
  '.cmd.result',
  '.state',
  '.owner',
  '.confirmed',
  'presence',
  'reply',
];

type Plan = Pick<Scenario, 'shape' | 'bus' | 'groups' | 'processes' | 'masters'>;

/** What goes wrong: up to `most` faults. */
export function generateFaults(plan: Plan, quietAt: number, most: number, random: Random): readonly NewFault[] {
  const faults: NewFault[] = [];
  const wanted = random.integer(0, most);
  const kinds = kindsFor(plan);
  for (let tries = 0; faults.length < wanted && tries < 50; tries++) {
    const fault = makeFault(plan, random.pick(kinds), random, quietAt);
    const overlapping = faults.filter(({ at, ms }) => at <= fault.at + fault.ms && at + ms >= fault.at).length;
    if (overlapping < AT_ONCE && fault.at + fault.ms <= quietAt) faults.push(fault);
  }
  return faults;
}

/** Kinds that make sense, those that find most more than once. */
function kindsFor({ shape, bus, masters }: Plan): FaultKind[] {
  const kinds: FaultKind[] = [
    'crash',
    'crash',
    'crash in a step',
    'crash in a step',
    'restart',
    'pause',
    'pause',
    'slow',
  ];
  kinds.push('clock step', 'machine lost', 'configuration');
  kinds.push(
    'rtu path stalled',
    'rtu path stalled',
    'rtu path reset',
    'rtu path in octets',
    'rtu reboots',
    'rtu lost',
    'rtu closes',
  );
  if (masters.length > 0) kinds.push('master path stalled', 'master path in octets', 'master lost');
  if (shape === 'one') return kinds;
  kinds.push(
    'messages lost',
    'messages lost',
    'messages lost',
    'bus connection lost',
    'bus unreachable',
    'bus unreachable',
  );
  kinds.push('garbage', 'forged', 'value spoilt');
  kinds.push('bus stops', 'disk slow', 'power lost', 'store lost', 'store restored');
  if (bus.servers > 1) kinds.push('bus server stops', 'bus server stops', 'bus leader lost', 'bus leader lost');
  return kinds;
}

function makeFault(plan: Plan, kind: FaultKind, random: Random, quietAt: number): NewFault {
  const at = random.integer(BEGIN_MS, quietAt - 1_000);
  const fault = (target: string, ms: number, value = 0): NewFault => ({
    kind,
    at,
    ms: Math.round(ms),
    target,
    value,
  });
  const process = (): string => random.pick(plan.processes).id;
  const group = (): string => random.pick(plan.groups).id;
  const master = (): string => random.pick(plan.masters).id;
  const servers = plan.bus.servers;
  switch (kind) {
    case 'crash':
    case 'restart':
      return fault(process(), random.skewed(200, 8_000));
    case 'crash in a step':
      return fault(process(), random.skewed(200, 6_000), random.integer(0, 12));
    case 'machine lost':
      return fault(process(), random.skewed(2_000, 15_000));
    case 'pause':
      return fault(
        process(),
        random.pick([random.integer(100, 1_400), random.integer(1_400, 5_000), random.integer(5_000, 25_000)]),
      );
    case 'slow':
      return fault(process(), random.integer(1_000, 10_000), random.pick([5, 50, 300]));
    case 'configuration': {
      const pauseMs = random.integer(500, 4_000);
      return fault(group(), plan.processes.length * pauseMs, random.integer(0, 20));
    }
    case 'clock step':
      return fault(process(), 0, random.pick([-HOUR_MS, HOUR_MS, -3_000, 30_000]));
    case 'rtu path stalled':
      return fault(
        group(),
        random.pick([random.integer(300, 3_000), random.integer(3_000, 9_000), random.integer(9_000, 20_000)]),
      );
    case 'rtu path reset':
    case 'rtu closes':
      return fault(group(), 0);
    case 'rtu path in octets':
      return fault(group(), random.integer(2_000, 20_000), random.pick([1, 2]));
    case 'rtu reboots':
    case 'rtu lost':
      return fault(group(), random.skewed(500, 15_000));
    case 'master path stalled':
      return fault(master(), random.skewed(500, 20_000));
    case 'master path in octets':
      return fault(master(), random.integer(2_000, 20_000), random.pick([1, 2]));
    case 'master lost':
      return fault(master(), random.skewed(500, 20_000));
    case 'messages lost':
      return fault(random.pick(LOST_PARTS), random.skewed(200, 8_000), random.pick([0.1, 0.5, 1]));
    case 'bus connection lost':
      return fault(process(), 0);
    case 'bus unreachable':
      return fault(process(), random.pick([random.integer(200, 3_000), random.integer(3_000, 15_000)]));
    case 'bus server stops':
      return fault('', random.integer(500, 8_000), random.integer(0, servers - 1));
    case 'bus leader lost':
      return fault('', random.skewed(200, 4_000), random.pick([0, 1]));
    case 'disk slow':
      return fault('', random.integer(1_000, 8_000), random.pick([20, 300, 2_000]));
    case 'garbage':
    case 'forged':
      return fault(group(), 0);
    case 'value spoilt':
      return fault(group(), 0, random.integer(0, 20));
    case 'bus stops':
    case 'power lost':
    case 'store lost':
      return fault('', random.skewed(300, 8_000));
    case 'store restored': {
      // Until it comes back, and until the servers are up again.
      const age = random.integer(1_000, 12_000);
      return fault('', age + random.skewed(300, 6_000), age);
    }
  }
}
