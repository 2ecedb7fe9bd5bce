import { Command } from 'commander';
import { RELEASE } from './release.js';

type Register = (program: Command) => void;

const parts = async (): Promise<Register> => (await import('./commands/parts.js')).registerParts;

/** Each command is loaded when it is given, or when help lists them all: a connector has no use for the simulator. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  run: async () => (await import('./commands/run.js')).registerRun,
  connector: parts,
  router: parts,
  gateway: parts,
  check: async () => (await import('./commands/check.js')).registerCheck,
  decode: async () => (await import('./commands/decode.js')).registerDecode,
  simulate: async () => (await import('./commands/simulate.js')).registerSimulate,
  watch: async () => (await import('./commands/watch.js')).registerWatch,
  audit: async () => (await import('./commands/audit.js')).registerAudit,
  demo: async () => (await import('./commands/demo.js')).registerDemo,
};

/** Errors that are the user's to mend, by their names, as what throws them is not loaded here: the message is enough. */
const EXPECTED = ['ConfigError', 'EnvironmentError', 'UsageError', 'HttpAddressError', 'HttpListenError'];

const program = new Command('mm2ss')
  .description('Any number of SCADA masters share one IEC 60870-5-104 connection to each RTU.')
  .version(RELEASE)
  .showHelpAfterError('(mm2ss --help lists the commands)')
  .enablePositionalOptions();

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
  process.stderr.write(`mm2ss: ${EXPECTED.includes(name) ? message : (stack ?? message)}\n`);
  process.exit(1);
}
