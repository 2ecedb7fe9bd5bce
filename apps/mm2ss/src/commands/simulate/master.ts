import type { Command } from 'commander';
import { describeAsdu, MasterSimulator, type Outcome } from '@iec104mm2ss/simulator';
import { EXIT_FAILED, EXIT_REFUSED } from '../../process/exit-codes.js';
import {
  addLinkOptions,
  collectCommand,
  collectInteger,
  decimal,
  type Endpoint,
  endOf,
  endpointOption,
  endpointText,
  every,
  integer,
  ipAddress,
  type LinkFlags,
  linkParameters,
  messageOf,
  print,
  rate,
} from './shared.js';

interface MasterFlags extends LinkFlags {
  connect: Endpoint;
  localAddress?: string;
  ca: number;
  oa: number;
  gi?: true;
  counters?: true;
  clockSync?: true;
  read?: number[];
  command?: string[];
  select?: true;
  once?: true;
  reconnect?: true;
  timeout: number;
  t0: number;
  stats: number;
  duration?: number;
  quiet?: true;
}

export function registerMaster(simulate: Command): void {
  const command = simulate
    .command('master')
    .description('a controlling station: prints what it receives, interrogates, reads, commands')
    .addOption(endpointOption('--connect <HOST:PORT>', 'where to connect to'))
    .option('--local-address <IP>', 'local address to connect from', ipAddress)
    .option('--ca <N>', 'common address of the RTU', integer(0, 65535), 1)
    .option('--oa <N>', 'originator address', integer(0, 255), 0)
    .option('--clock-sync', 'synchronize the clock after the start')
    .option('--gi', 'general interrogation after the start')
    .option('--counters', 'counter interrogation after the start')
    .option('--read <IOA>', 'read an object after the start; may be repeated', collectInteger(1, 0xffffff))
    .option('--command <COMMAND>', "KIND IOA VALUE, such as 'single 5000 on'; may be repeated", collectCommand)
    .option('--select', 'select before each command')
    .option('--once', 'end when everything asked for was answered')
    .option('--reconnect', 'connect again whenever the connection fails or breaks')
    .option('--timeout <SEC>', 'how long to wait for an answer', decimal(0), 10)
    .option('--t0 <SEC>', 'how long to wait for a connection', integer(1, 255), 30);
  addLinkOptions(command)
    .option('--stats <SEC>', 'print a line of rates this often; 0 = never', decimal(0), 0)
    .option('--duration <SEC>', 'end after this time; default: at Ctrl-C', decimal(0))
    .option('--quiet', 'do not print what is received')
    .addHelpText('after', MASTER_HELP)
    .action((flags: MasterFlags) => runMaster(flags));
}

const MASTER_HELP = `
Commands: single IOA on|off, double IOA on|off, step IOA higher|lower, normalized IOA -1..1, scaled IOA N, float IOA X,
bitstring IOA N. A TypeID name instead of the kind chooses the type: C_SC_TA_1 is the single command with time tag.
Order after the start: clock, interrogation, counters, which are asked for again after each start (--reconnect); reads, commands.

Exit code: 0 everything asked for was answered positively, 1 no connection or the connection broke (without --reconnect),
3 something was refused or not answered.`;

async function runMaster(flags: MasterFlags): Promise<void> {
  const master = new MasterSimulator({
    ...flags.connect,
    ...(flags.localAddress !== undefined && { localAddress: flags.localAddress }),
    ca: flags.ca,
    oa: flags.oa,
    link: linkParameters(flags),
    t0Ms: flags.t0 * 1000,
    requestTimeoutMs: flags.timeout * 1000,
    reconnect: flags.reconnect ?? false,
  });
  if (flags.quiet !== true) {
    master.on('asdu', ({ octets }) => {
      for (const line of describeAsdu(octets)) print(`< ${line}`);
    });
  }
  const where = endpointText(flags.connect);
  let ending = false;
  const broken = new Promise<void>((resolve) => {
    master.on('disconnected', ({ code, message }) => {
      if (ending) return;
      print(`disconnected: ${message} (${code})`);
      if (flags.reconnect !== true) resolve();
    });
  });
  master.on('connected', () => print(`connected to ${where} from ${master.localEndpoint ?? '?'}`));
  master.on('started', () => print('data transfer started'));
  master.on('connectFailed', (error) => {
    if (flags.reconnect === true) print(`no connection to ${where}: ${error.message}`);
  });

  const end = endOf(flags.duration);
  const stats = every(flags.stats, masterRates(master));
  const result = await Promise.race([
    end.then(() => 'ended' as const),
    broken.then(() => 'broken' as const),
    converse(master, flags).then(async (refused) => {
      if (flags.once !== true) await Promise.race([end, broken]);
      return refused > 0 ? ('refused' as const) : master.started ? ('ended' as const) : ('broken' as const);
    }),
  ]).catch((error: unknown) => {
    process.stderr.write(`error: no connection to ${where}: ${messageOf(error)}\n`);
    return 'broken' as const;
  });
  ending = true;
  clearInterval(stats);
  await master.close();
  end.cancel();
  const { received, sent, strays } = master.counts;
  print(`end: ${received} ASDUs received, ${sent} sent, ${strays} answers to requests of somebody else`);
  if (result === 'broken') process.exitCode = EXIT_FAILED;
  if (result === 'refused') process.exitCode = EXIT_REFUSED;
}

/**
 * Connects and asks everything the flags want: clock, interrogation and counters at each start of data transfer, the rest once.
 * Resolves to the number of requests that did not go well.
 */
async function converse(master: MasterSimulator, flags: MasterFlags): Promise<number> {
  let refused = 0;
  const report = (what: string, outcome: Outcome): boolean => {
    print(`${what}: ${outcomeText(outcome)}`);
    // What a broken connection cut off is asked again on the next one.
    if (outcome.result === 'closed' && flags.reconnect === true) return false;
    if (outcome.result !== 'positive') refused++;
    return true;
  };
  const atStart = async (): Promise<boolean> =>
    (flags.clockSync !== true || report('clock synchronization', await master.clockSync())) &&
    (flags.gi !== true || report('general interrogation', await master.interrogate())) &&
    (flags.counters !== true || report('counter interrogation', await master.counters()));
  const answered = new Promise<void>((resolve) => {
    master.on('started', () => void atStart().then((isWhole) => isWhole && resolve()));
  });
  await master.connect();
  await answered;
  for (const ioa of flags.read ?? []) report(`read ${ioa}`, await master.read(ioa));
  for (const command of flags.command ?? []) {
    report(command, await master.command(command, { select: flags.select ?? false }));
  }
  return refused;
}

function outcomeText({ result, step, cause, terminated, confirmedAfterMs, durationMs }: Outcome): string {
  const isSelect = step === 'select';
  if (result === 'timeout')
    return `no answer${isSelect ? ' to the select' : ''} within ${(durationMs / 1000).toFixed(1)} s`;
  if (result === 'closed') return 'the connection broke';
  const confirmed = confirmedAfterMs === undefined ? '' : ` after ${confirmedAfterMs.toFixed(1)} ms`;
  if (result === 'negative') return `REFUSED${isSelect ? ' at select' : ''}, COT ${cause}${confirmed}`;
  return `positive${confirmed}${terminated ? `, terminated after ${durationMs.toFixed(1)} ms` : ''}`;
}

function masterRates(master: MasterSimulator): (seconds: number) => void {
  let before = 0;
  return (seconds) => {
    const { received, strays } = master.counts;
    print(`received ${rate(received - before, seconds)}, ${received} in all, strays ${strays}`);
    before = received;
  };
}
