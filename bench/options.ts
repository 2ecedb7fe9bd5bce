import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { K } from './apci.ts';
import { PLACEMENTS, type Placement } from './placement.ts';

export const MEASURES = ['throughput', 'latency', 'command', 'idle', 'fleet'] as const;
export type Measure = (typeof MEASURES)[number];
export const SHAPES = ['single', 'nats', 'none'] as const;
export type Shape = (typeof SHAPES)[number];

export interface Options {
  quick: boolean;
  measures: Measure[];
  shape: Shape;
  /** Measured time of one run, without warming up. */
  seconds: number;
  /** Runs of each figure; the table shows the median. */
  runs: number;
  idleSeconds: number;
  idleGroups: number;
  fleetGroups: number;
  /** Events a second of all groups together. */
  fleetRate: number;
  fleetSeconds: number;
  json: string;
  /** The command under test, before its subcommand. */
  command: string[];
  natsServer: string;
  /** nats-server syncs to disk before it confirms. */
  natsSyncs: boolean;
  timeoutSeconds: number;
  placement: Placement;
  /** k of the RTUs. */
  rtuK: number;
  /** Beside mm2ss also mm2ss with masters over TLS. */
  tls: boolean;
}

const results = fileURLToPath(new URL('./results/', import.meta.url));
const program = fileURLToPath(new URL('../bin/mm2ss', import.meta.url));

const HELP = `node bench/run.ts [options]      measures mm2ss beside haproxy and a direct connection, on loopback

  --quick             one short run of each figure (under two minutes) instead of the median of several
  --only LIST         some of ${MEASURES.join(',')}
  --shape SHAPE       single: mm2ss run (default); nats: nats-server, connector, router, two gateways;
                      none: only direct and haproxy
  --seconds N         measured seconds of one run (default 3, quick 2)
  --runs N            runs of each figure (default 5, quick 1; idle at most 3)
  --idle-seconds N    seconds of one idle window (default 20, quick 8)
  --idle-groups N     groups of five masters in the idle measure (default 100; shape nats 10, a process for each)
  --fleet-groups N    groups of five masters in the fleet measure (default 200), all in one process; over NATS with shape nats
  --fleet-rate N      events a second of all of them together (default 5000)
  --fleet-seconds N   measured seconds of one run (default 10, quick 5)
  --json FILE         where the figures go (default bench/results/SHAPE.json)
  --command "CMD"     the program under test (default bin/mm2ss)
  --nats-server CMD   (default nats-server)
  --nats-sync WHEN    always: it syncs to disk before it confirms (default); never: a power failure loses what it confirmed
  --tls               beside mm2ss the same with masters over TLS (shape single; throughput, latency, command, idle)
  --rtu-k N           events of the RTU that may be unacknowledged (default 12)
  --place HOW         free: the scheduler decides (default); together: load and system on one core, the steadiest
                      ratios; apart: load on core 0, system on the others, every hop wakes a core
  --timeout SECONDS   the whole bench gives up after this (default 1800)

Exit code: 0 all events arrived once and in order, every command was answered to its master alone (missed targets are
in the table); 1 something was lost, repeated, reordered, changed or leaked; 2 the bench could not run.
`;

function positive(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value > 0)) throw new Error(`--${name} ${text}: not a positive number`);
  return value;
}

function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  if (!(allowed as readonly string[]).includes(text))
    throw new Error(`--${name} ${text}: not one of ${allowed.join(', ')}`);
  return text as T;
}

/** The options, or null after printing the help. */
export function readOptions(args: string[]): Options | null {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', short: 'h' },
      quick: { type: 'boolean' },
      tls: { type: 'boolean' },
      place: text,
      'rtu-k': text,
      only: text,
      shape: text,
      seconds: text,
      runs: text,
      'idle-seconds': text,
      'idle-groups': text,
      'fleet-groups': text,
      'fleet-rate': text,
      'fleet-seconds': text,
      json: text,
      command: text,
      'nats-server': text,
      'nats-sync': text,
      timeout: text,
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return null;
  }
  const quick = values.quick ?? false;
  const shape = oneOf('shape', values.shape ?? 'single', SHAPES);
  return {
    quick,
    shape,
    measures: values.only?.split(',').map((name) => oneOf('only', name, MEASURES)) ?? [...MEASURES],
    seconds: positive('seconds', values.seconds, quick ? 2 : 3),
    runs: Math.ceil(positive('runs', values.runs, quick ? 1 : 5)),
    idleSeconds: positive('idle-seconds', values['idle-seconds'], quick ? 8 : 20),
    idleGroups: Math.ceil(positive('idle-groups', values['idle-groups'], shape === 'nats' ? 10 : 100)),
    fleetGroups: Math.ceil(positive('fleet-groups', values['fleet-groups'], 200)),
    fleetRate: positive('fleet-rate', values['fleet-rate'], 5000),
    fleetSeconds: positive('fleet-seconds', values['fleet-seconds'], quick ? 5 : 10),
    json: values.json ?? `${results}${shape}.json`,
    command: values.command?.split(' ') ?? [program],
    natsServer: values['nats-server'] ?? 'nats-server',
    natsSyncs: oneOf('nats-sync', values['nats-sync'] ?? 'always', ['always', 'never']) === 'always',
    rtuK: Math.ceil(positive('rtu-k', values['rtu-k'], K)),
    tls: values.tls ?? false,
    placement: oneOf('place', values.place ?? 'free', PLACEMENTS),
    timeoutSeconds: positive('timeout', values.timeout, 1800),
  };
}
