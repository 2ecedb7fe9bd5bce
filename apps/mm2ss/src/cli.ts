import { Command } from 'commander';
import { SERVING } from './process/early-signals.js';
import { EXIT_FAILED, EXIT_USAGE } from './process/exit-codes.js';
import { isOneFile } from './program-files.js';
import { RELEASE } from './release.js';
import { MANUAL_HELP } from './windows/command-line.js';

type Register = (program: Command) => void;

const parts = async (): Promise<Register> => (await import('./commands/parts.js')).registerParts;

const operator = async (): Promise<Register> => (await import('./commands/operator.js')).registerOperator;

/** Each command is loaded when it is given, or when help lists them all: a connector has no use for the simulator. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  run: async () => (await import('./commands/run.js')).registerRun,
  connector: parts,
  router: parts,
  gateway: parts,
  check: async () => (await import('./commands/check.js')).registerCheck,
  diff: async () => (await import('./commands/diff.js')).registerDiff,
  decode: async () => (await import('./commands/decode.js')).registerDecode,
  firewall: async () => (await import('./commands/firewall.js')).registerFirewall,
  simulate: async () => (await import('./commands/simulate/index.js')).registerSimulate,
  status: operator,
  restart: operator,
  'next-host': operator,
  disconnect: operator,
  watch: async () => (await import('./commands/watch.js')).registerWatch,
  capture: async () => (await import('./commands/capture.js')).registerCapture,
  console: async () => (await import('./commands/console.js')).registerConsole,
  'console-password': async () => (await import('./commands/console.js')).registerConsole,
  audit: async () => (await import('./commands/audit.js')).registerAudit,
  'nats-auth': async () => (await import('./commands/nats-auth.js')).registerNatsAuth,
  'nats-users': async () => (await import('./commands/nats-users.js')).registerNatsUsers,
  'nats-setup': async () => (await import('./commands/nats-setup.js')).registerNatsSetup,
  'nats-reload': async () => (await import('./commands/nats-reload.js')).registerNatsReload,
  chart: async () => (await import('./commands/chart.js')).registerChart,
  tls: async () => (await import('./commands/tls.js')).registerTls,
  service: async () => (await import('./commands/service.js')).registerService,
  demo: async () => (await import('./commands/demo.js')).registerDemo,
};

/** They go on whoever reads what they say. */
const SERVICES = [...SERVING, 'demo'];

/** Errors that are the user's to mend, by their names, as what throws them is not loaded here: the message is enough. */
const USAGE = ['ConfigError', 'EnvironmentError', 'UsageError', 'HttpAddressError'];
const UNAVAILABLE = ['UnavailableError', 'HttpListenError'];

const HELP = `
Exit codes: 0 all is well, or ended as told to; 1 it failed, or what was looked at is at fault; 2 it was called in a wrong way,
or the configuration cannot be loaded; 130, 143 a second SIGINT, SIGTERM. SIGHUP makes run, connector, router, gateway and console read
the configuration again, and ends the others.`;

/** Commander's code for an error of a command itself, which knows its exit code. */
const OWN_ERROR = 'commander.error';

const program = new Command('mm2ss')
  .description('Any number of SCADA masters share one IEC 60870-5-104 connection to each RTU.')
  .version(RELEASE)
  .showHelpAfterError('(mm2ss --help lists the commands)')
  .addHelpText('after', isOneFile ? `${MANUAL_HELP}${HELP}` : HELP)
  // Set before the commands are added, which take it over.
  .exitOverride(({ code, exitCode }) => process.exit(code === OWN_ERROR || exitCode === 0 ? exitCode : EXIT_USAGE))
  .enablePositionalOptions();

// Nobody reads what is said any more (`mm2ss run 2>&1 | head`, a terminal that is gone): no reason to end.
process.stderr.on('error', () => undefined);

// What was to be shown and could not be (a disk that is full) was not shown. Who reads no more has had enough.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE' || SERVICES.includes(process.argv[2] ?? '')) return;
  process.stderr.write(`mm2ss: standard output: ${message}\n`);
  process.exit(EXIT_FAILED);
});

/** Runs the command that `process.argv` gives; the process ends with its exit code. */
export async function runCommand(): Promise<void> {
  try {
    const given = process.argv[2] ?? '';
    const load = Object.hasOwn(COMMANDS, given) ? COMMANDS[given] : undefined;
    for (const register of new Set(
      load ? [await load()] : await Promise.all(Object.values(COMMANDS).map((each) => each())),
    )) {
      register(program);
    }
    await program.parseAsync();
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    const isExpected = [...USAGE, ...UNAVAILABLE].includes(name);
    process.stderr.write(`mm2ss: ${isExpected ? message : (stack ?? message)}\n`);
    process.exit(USAGE.includes(name) ? EXIT_USAGE : EXIT_FAILED);
  }
}
