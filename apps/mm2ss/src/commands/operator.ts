import { EnvironmentError, type Environment, readEnvironment } from '@iec104mm2ss/config';
import type { Command } from 'commander';
import { ControlDesk, type ControlOutcome, type LinkVerb } from '../control/control-desk.js';
import { HttpAddressError } from '../http/index.js';
import { ANSWER_MS, askAllStatus, MAX_WAIT_SECONDS, readWait } from '../status/ask-all.js';
import { HeardProcesses } from '../status/heard.js';
import { type SystemView, systemView } from '../status/merged.js';
import { statusLines } from '../status/status-table.js';
import { httpWay, textOf } from './ask-http.js';
import { UsageError } from './errors.js';
import {
  addNatsOptions,
  addAskingOptions,
  asEnvironmentFlags,
  DEFAULT_HTTP,
  deniedText,
  openNats,
  runtimeOf,
  type ProcessFlags,
} from './process-options.js';

/** Exit codes of these commands: it was done; it was refused, or nobody could do it; it was not asked for properly. */
const DONE = 0;
const NOT_DONE = 1;
const USAGE = 2;

/** How long a process, and how long a NATS server is waited for. */
const HTTP_LIMIT_MS = 10_000;
const SERVER_WAIT_MS = 5_000;

interface StatusFlags extends ProcessFlags {
  readonly json?: boolean;
  readonly wait?: string;
}

/** What cannot be done now; the message says why. */
class NotDone extends Error {}

/** The way to the running system. */
interface System {
  /** @param waitMs how long processes may take to answer */
  status(waitMs?: number): Promise<SystemView>;
  order(verb: LinkVerb, group: string): Promise<ControlOutcome>;
  disconnect(group: string, master: string): Promise<ControlOutcome>;
  observe(group: string, on: boolean): Promise<ControlOutcome>;
  close(): Promise<void>;
}

export function registerOperator(program: Command): void {
  operatorCommand(program, 'status [group]', 'show groups, RTU links, masters and what is wrong, of all processes')
    .option('--json', 'print the answer as JSON')
    .option('--wait <seconds>', `how long processes may take to answer: 1 to ${MAX_WAIT_SECONDS} (default: 0.7)`)
    .action((group: string | undefined, flags: StatusFlags) => {
      const waitMs = readWait(flags.wait);
      if (waitMs === undefined) process.exit(fail(`status: --wait takes seconds, 1 to ${MAX_WAIT_SECONDS}`, USAGE));
      return act(flags, async (system) => showStatus(await system.status(waitMs), group, flags.json ?? false));
    });
  operatorCommand(program, 'restart <group>', "close the link to a group's RTU, which is then opened anew").action(
    (group: string, flags: ProcessFlags) => act(flags, async (system) => tell(await system.order('restart', group))),
  );
  operatorCommand(program, 'next-host <group>', "go on to the next host of a group's RTU").action(
    (group: string, flags: ProcessFlags) => act(flags, async (system) => tell(await system.order('next-host', group))),
  );
  operatorCommand(program, 'observe <group> <on|off>', 'begin or end observe mode: only monitoring passes').action(
    (group: string, mode: string, flags: ProcessFlags) => {
      if (mode !== 'on' && mode !== 'off') process.exit(fail(`observe: "${mode}" is neither on nor off`, USAGE));
      return act(flags, async (system) => tell(await system.observe(group, mode === 'on')));
    },
  );
  operatorCommand(
    program,
    'disconnect <group> <master>',
    'end the connection of one master: its session, address, address:port or name',
  ).action((group: string, master: string, flags: ProcessFlags) =>
    act(flags, async (system) => tell(await system.disconnect(group, master))),
  );
}

function operatorCommand(program: Command, name: string, description: string): Command {
  const command = program
    .command(name)
    .description(description)
    .option(
      '--http <host:port>',
      `any process of the system (default: ${DEFAULT_HTTP}, or MM2SS_HTTP); not with --nats`,
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? DONE : USAGE));
  return addNatsOptions(addAskingOptions(command));
}

/** Runs one of the commands, and ends the process with what came of it. */
async function act(flags: ProcessFlags, command: (system: System) => Promise<number>): Promise<void> {
  // `mm2ss status | head` ends when head does.
  process.stdout.on('error', () => process.exit(DONE));
  const system = await open(flags);
  try {
    process.exitCode = await command(system);
  } catch (error) {
    if (!(error instanceof NotDone)) throw error;
    process.exitCode = fail(error.message, NOT_DONE);
  } finally {
    await system.close();
  }
}

async function open(flags: ProcessFlags): Promise<System> {
  try {
    const environment = readEnvironment(process.env, asEnvironmentFlags(flags));
    // In a container MM2SS_NATS is set for the part that runs there, whose key gives no orders.
    const http = flags.http !== undefined && flags.nats === undefined;
    if (environment.nats.length > 0 && !http) return await overNats(environment);
    return overHttp(environment);
  } catch (error) {
    if (error instanceof NotDone) process.exit(fail(error.message, NOT_DONE));
    const usage = [UsageError, EnvironmentError, HttpAddressError].some((kind) => error instanceof kind);
    if (!usage) throw error;
    return process.exit(fail((error as Error).message, USAGE));
  }
}

function fail(message: string, code: number): number {
  process.stderr.write(`mm2ss: ${message}\n`);
  return code;
}

function tell({ result, message, instance }: ControlOutcome): number {
  const text = instance === undefined ? message : `${message} (${instance})`;
  if (result !== 'done') return fail(text, NOT_DONE);
  process.stdout.write(`${text}\n`);
  return DONE;
}

function showStatus(status: SystemView, group: string | undefined, json: boolean): number {
  const shown = group === undefined ? status.groups : status.groups.filter(({ id }) => id === group);
  if (group !== undefined && shown.length === 0) {
    const ids = status.groups.map(({ id }) => id).join(', ');
    return fail(`no process knows a group ${group}; there are ${ids === '' ? 'none' : ids}`, NOT_DONE);
  }
  if (json) process.stdout.write(`${JSON.stringify({ ...status, groups: shown }, undefined, 2)}\n`);
  else for (const line of statusLines(status, group, Date.now())) process.stdout.write(`${line}\n`);
  return DONE;
}

interface Answer {
  readonly status: number;
  readonly answer: unknown;
}

function overHttp(environment: Environment): System {
  const way = httpWay(environment, '--http off leaves nobody to ask; --nats URL asks over the bus');
  const ask = async (path: string, body?: object, limitMs = HTTP_LIMIT_MS): Promise<Answer> => {
    try {
      const signal = AbortSignal.timeout(limitMs);
      const question = body === undefined ? { signal } : { method: 'POST' as const, body, signal };
      const response = await way.ask(path, question);
      return { status: response.statusCode ?? 0, answer: parsed(await textOf(response)) };
    } catch (error) {
      throw new NotDone(`${way.origin} does not answer (${way.explain(error)}); another process: --http HOST:PORT`);
    }
  };
  const post = async (verb: string, body: object): Promise<ControlOutcome> => {
    const { status, answer } = await ask(`/control/${verb}`, body);
    const outcome = answer as Partial<ControlOutcome> & { readonly error?: string };
    const { result, message, instance, error = `${way.origin} answers ${status}` } = outcome;
    if (result === undefined || message === undefined) return { result: 'unavailable', message: error };
    return { result, message, ...(instance === undefined ? {} : { instance }) };
  };
  return {
    status: async (waitMs = ANSWER_MS) => {
      const path = waitMs === ANSWER_MS ? '/status' : `/status?wait=${waitMs / 1_000}`;
      const { status, answer } = await ask(path, undefined, HTTP_LIMIT_MS + waitMs);
      if (status === 200) return answer as SystemView;
      const { error = '' } = answer as { readonly error?: string };
      throw new NotDone(`${way.origin}/status answers ${status} ${error}`.trimEnd());
    },
    order: (verb, group) => post(verb, { group }),
    disconnect: (group, master) => post('disconnect', { group, master }),
    observe: (group, on) => post('observe', { group, mode: on ? 'on' : 'off' }),
    close: () => Promise.resolve(),
  };
}

/** What is no JSON says nothing. */
function parsed(text: string): unknown {
  try {
    return (JSON.parse(text) as unknown) ?? {};
  } catch {
    return {};
  }
}

async function overNats(environment: Environment): Promise<System> {
  const runtime = runtimeOf(environment);
  const { clock, instance } = runtime;
  let reason = '';
  const connecting = openNats(environment, runtime, (why) => (reason = why), { listenOnly: true });
  const patience = new Promise<undefined>((resolve) => setTimeout(resolve, SERVER_WAIT_MS, undefined).unref());
  const bus = await Promise.race([connecting, patience]);
  if (bus === undefined) throw new NotDone(`NATS cannot be reached: ${reason}`);
  let isDenied = false;
  bus.onDenied((denied) => {
    isDenied = true;
    process.stderr.write(`mm2ss: ${deniedText(denied)}\n`);
  });
  const status = async (waitMs = ANSWER_MS): Promise<SystemView> => {
    const answers = [...(await askAllStatus(bus, clock, instance, new Set(), waitMs)).values()];
    if (answers.length === 0) {
      const why = isDenied ? 'its user may not ask for the status' : `no process answers within ${waitMs / 1_000} s`;
      throw new NotDone(`NATS: ${why}`);
    }
    const heard = new HeardProcesses();
    for (const known of answers) heard.add(known, clock.now(), clock.wallMs());
    return systemView(answers, heard, instance);
  };
  const desk = new ControlDesk(bus, async () => (await status()).groups);
  const by = `${instance}, NATS`;
  return {
    status,
    order: (verb, group) => desk.order(verb, group, by),
    disconnect: (group, master) => desk.disconnect(group, master, by),
    observe: (group, on) => desk.observe(group, on, by),
    close: () => bus.close(),
  };
}
