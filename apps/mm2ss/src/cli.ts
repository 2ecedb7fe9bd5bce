import { ConfigError, EnvironmentError } from '@iec104mm2ss/config';
import { Command } from 'commander';
import { registerAudit } from './commands/audit.js';
import { registerCheck } from './commands/check.js';
import { UsageError } from './commands/errors.js';
import { registerDecode } from './commands/decode.js';
import { registerDemo } from './commands/demo.js';
import { registerOperator } from './commands/operator.js';
import { registerParts } from './commands/parts.js';
import { registerRun } from './commands/run.js';
import { registerSimulate } from './commands/simulate.js';
import { HttpAddressError, HttpListenError } from './http/index.js';
import { registerWatch } from './commands/watch.js';
import { RELEASE } from './release.js';

const program = new Command('mm2ss')
  .description('Any number of SCADA masters share one IEC 60870-5-104 connection to each RTU.')
  .version(RELEASE)
  .showHelpAfterError('(mm2ss --help lists the commands)')
  .enablePositionalOptions();

registerRun(program);
registerParts(program);
registerCheck(program);
registerDecode(program);
registerSimulate(program);
registerOperator(program);
registerWatch(program);
registerAudit(program);
registerDemo(program);

/** Errors that are the user's to mend: the message is enough. */
const EXPECTED = [ConfigError, EnvironmentError, UsageError, HttpAddressError, HttpListenError];

try {
  await program.parseAsync();
} catch (error) {
  const expected = EXPECTED.some((kind) => error instanceof kind);
  process.stderr.write(`mm2ss: ${expected ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`);
  process.exit(1);
}
