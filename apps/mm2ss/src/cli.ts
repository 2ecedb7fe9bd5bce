import { ConfigError, EnvironmentError } from '@iec104mm2ss/config';
import { Command } from 'commander';
import { registerAudit } from './commands/audit.js';
import { registerCheck } from './commands/check.js';
import { registerDiff } from './commands/diff.js';
import { UnavailableError, UsageError } from './commands/errors.js';
import { registerDecode } from './commands/decode.js';
import { registerDemo } from './commands/demo.js';
import { registerOperator } from './commands/operator.js';
import { registerParts } from './commands/parts.js';
import { registerRun } from './commands/run.js';
import { registerSimulate } from './commands/simulate.js';
import { HttpAddressError, HttpListenError } from './http/index.js';
import { registerWatch } from './commands/watch.js';
import { EXIT_FAILED, EXIT_USAGE } from './process/exit-codes.js';
import { RELEASE } from './release.js';

const HELP = `
Exit codes: 0 all is well, or ended as told to; 1 it failed, or what was looked at is at fault; 2 it was called in a wrong way,
or the configuration cannot be loaded; 130, 143 a second SIGINT, SIGTERM. SIGHUP makes run, connector, router and gateway read
the configuration again, and ends the others.`;

/** Commander's code for an error of a command itself, which knows its exit code. */
const OWN_ERROR = 'commander.error';

const program = new Command('mm2ss')
  .description('Any number of SCADA masters share one IEC 60870-5-104 connection to each RTU.')
  .version(RELEASE)
  .showHelpAfterError('(mm2ss --help lists the commands)')
  .addHelpText('after', HELP)
  // Set before the commands are added, which take it over.
  .exitOverride(({ code, exitCode }) => process.exit(code === OWN_ERROR || exitCode === 0 ? exitCode : EXIT_USAGE))
  .enablePositionalOptions();

registerRun(program);
registerParts(program);
registerCheck(program);
registerDiff(program);
registerDecode(program);
registerSimulate(program);
registerOperator(program);
registerWatch(program);
registerAudit(program);
registerDemo(program);

/** Errors that are the user's to mend: the message is enough. */
const USAGE = [ConfigError, EnvironmentError, UsageError, HttpAddressError];
const UNAVAILABLE = [UnavailableError, HttpListenError];

// Nobody reads what is said any more (`mm2ss run 2>&1 | head`, a terminal that is gone): no reason to end.
process.stderr.on('error', () => undefined);

try {
  await program.parseAsync();
} catch (error) {
  const isOneOf = (kinds: readonly (abstract new (...args: never) => Error)[]): boolean =>
    kinds.some((kind) => error instanceof kind);
  const expected = isOneOf([...USAGE, ...UNAVAILABLE]);
  process.stderr.write(`mm2ss: ${expected ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`);
  process.exit(isOneOf(USAGE) ? EXIT_USAGE : EXIT_FAILED);
}
