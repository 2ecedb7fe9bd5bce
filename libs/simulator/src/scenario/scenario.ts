import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { TypeId } from '@iec104mm2ss/iec104';
import { parseCommand } from '../master/command-request.js';
import { faultsSchema, loadSchema, pointSchema, qualitySchema, sendSchema } from './shapes.js';

/** A file that is no scenario: one problem a line, each with the line of the file. */
export class ScenarioError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ScenarioError';
  }
}

const address = z.int().min(1).max(0xffffff);
const seconds = z.number().min(0).max(86_400);
/** An RTU by its id in the list. */
const rtuId = z.union([z.string(), z.int()], 'the id of an RTU').transform(String);
/** Names of masters; `all`: every one. */
const masterName = z.string().min(1);

const command = z.string().superRefine((text, context) => {
  try {
    parseCommand(text);
  } catch (error) {
    context.addIssue((error as Error).message);
  }
});

const endpoint = z.string().transform((text, context) => {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host !== undefined && Number(port) <= 65535) return { host, port: Number(port) };
  context.addIssue('must be HOST:PORT');
  return z.NEVER;
});

const master = z.strictObject({
  connect: endpoint,
  /** Common address of what it asks for. */
  rtu: z.int().min(1).max(65535),
  /** Local address. */
  from: z.string().optional(),
  oa: z.int().min(0).max(255).default(0),
});

const expectation = z.strictObject({
  master: masterName.default('all'),
  type: z
    .string()
    .refine((name) => Object.hasOwn(TypeId, name), 'no name of a type, such as M_SP_TB_1')
    .optional(),
  ioa: z.int().min(0).max(0xffffff).optional(),
  value: z.union([z.number(), z.boolean()], 'a number, or true or false').transform(Number).optional(),
  quality: qualitySchema.optional(),
  cause: z.int().min(0).max(63).optional(),
  /** COT with P/N = 1. */
  negative: z.boolean().optional(),
  /** So many of them, at least; 0: none may come until the time is over. */
  count: z.int().min(0).default(1),
  within: seconds.default(5),
});

const ask = z
  .strictObject({
    name: masterName.default('all'),
    do: z.enum(['connect', 'disconnect', 'gi', 'counters', 'clock', 'test', 'read', 'command']),
    ioa: address.optional(),
    command: command.optional(),
    select: z.boolean().default(false),
    /** What has to come of it; default positive. */
    result: z.enum(['positive', 'negative', 'unconfirmed', 'timeout', 'any']).default('positive'),
    within: seconds.default(10),
  })
  .superRefine(({ do: verb, ioa, command: given, select }, context) => {
    const belongs: readonly (readonly [key: string, isThere: boolean, to: string, needed: boolean])[] = [
      ['ioa', ioa !== undefined, 'read', true],
      ['command', given !== undefined, 'command', true],
      ['select', select, 'command', false],
    ];
    for (const [key, isThere, to, needed] of belongs) {
      if (verb === to && needed && !isThere) context.addIssue(`do: ${to} needs "${key}"`);
      if (verb !== to && isThere) context.addIssue(`"${key}" belongs to do: ${to}`);
    }
  });

const steps = {
  send: z.union(
    [
      z
        .int()
        .min(0)
        .transform((index) => ({ index, wait: true })),
      sendSchema.extend({ wait: z.boolean().default(true) }),
    ],
    'an index of 0 or more, or { index, duration, rtu, wait }',
  ),
  stop: rtuId,
  set: pointSchema.extend({ rtu: rtuId, ioa: address }),
  fault: faultsSchema
    .extend({
      rtu: rtuId,
      do: z.enum(['offline', 'online', 'drop', 'restart', 'wrong-sequence', 'none']).optional(),
    })
    .refine((given) => Object.keys(given).length > 1, 'which fault? do: none ends all'),
  wait: seconds,
  load: loadSchema,
  expect: expectation,
  master: ask,
};

const step = z
  .strictObject({
    name: z.string().optional(),
    send: steps.send.optional(),
    stop: steps.stop.optional(),
    set: steps.set.optional(),
    fault: steps.fault.optional(),
    wait: steps.wait.optional(),
    /** Read, and `off` as null: an absent step is undefined. */
    load: steps.load.transform((profile) => profile ?? null).optional(),
    expect: steps.expect.optional(),
    master: steps.master.optional(),
  })
  .refine(
    (given) => Object.keys(given).filter((key) => key !== 'name').length === 1,
    `exactly one of ${Object.keys(steps).join(', ')}`,
  );

const scenario = z
  .strictObject({
    name: z.string().min(1),
    description: z.string().optional(),
    /** List of RTUs, and the folder of their IO files. */
    rtus: z.string().min(1),
    data: z.string().optional(),
    listen: z.string().default('127.0.0.1'),
    compat: z.boolean().default(false),
    /** Configuration of a multiplexer that runs meanwhile. */
    multiplexer: z.string().optional(),
    masters: z
      .record(z.string().min(1), master)
      .refine((given) => !Object.hasOwn(given, 'all'), 'no master can be called all: that means every one')
      .default({}),
    steps: z.array(step).min(1),
  })
  .superRefine(({ masters, steps: all }, context) => {
    all.forEach((each, at) => {
      const name = each.expect?.master ?? each.master?.name;
      // Of no master at all nothing would be asked, and all of it would come true.
      if (name === undefined || (name === 'all' ? Object.keys(masters).length > 0 : Object.hasOwn(masters, name)))
        return;
      const path = ['steps', at, each.expect === undefined ? 'master' : 'expect'];
      context.addIssue({ code: 'custom', path, message: `there is no master${name === 'all' ? '' : ` ${name}`}` });
    });
  });

export type Scenario = z.infer<typeof scenario>;
export type ScenarioStep = Scenario['steps'][number];
export type Expectation = z.infer<typeof expectation>;
export type MasterRequest = z.infer<typeof ask>;

/** Reads a scenario. @throws ScenarioError with the line of everything that is wrong */
export function parseScenario(text: string): Scenario {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ScenarioError(
      document.errors.map(({ pos: [offset], message }) => `line ${lines.linePos(offset).line}: ${message}`),
    );
  }
  const content: unknown = document.toJS({ maxAliasCount: 100 });
  const result = scenario.safeParse(content);
  if (result.success) return named(result.data, content as { readonly steps: readonly Record<string, unknown>[] });
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length >= 0; length--) {
      const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      const range = (node as { range?: readonly number[] } | undefined)?.range;
      if (range?.[0] !== undefined) return lines.linePos(range[0]).line;
    }
    return 1;
  };
  throw new ScenarioError(
    result.error.issues.map(({ path, message }) => `line ${lineOf(path)}: ${path.join('.') || 'file'}: ${message}`),
  );
}

/** Steps without a name are called by what the file says of them. */
function named(read: Scenario, { steps: raw }: { readonly steps: readonly Record<string, unknown>[] }): Scenario {
  const all = read.steps.map((each, at) => ({ ...each, name: each.name ?? stepText(raw[at] ?? {}) }));
  return { ...read, steps: all };
}

function stepText(raw: Readonly<Record<string, unknown>>): string {
  const [kind = '', value] = Object.entries(raw)[0] ?? [];
  if (typeof value !== 'object' || value === null) return `${kind} ${String(value)}`;
  const words = Object.entries(value).map(([key, given]) => (key === 'do' ? String(given) : `${key} ${String(given)}`));
  return `${kind} ${words.join(', ')}`;
}
