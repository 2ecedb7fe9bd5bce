import { type Command, InvalidArgumentError } from 'commander';
import { EXIT_FAILED, EXIT_REFUSED } from '../../process/exit-codes.js';
import { readTokens } from '../../http/bearer-tokens.js';
import { askSimulator } from '../../simulator/ask-simulator.js';
import { CONTROL_ADDRESS } from './control.js';
import { decimal, integer, messageOf } from './shared.js';

interface RemoteFlags {
  readonly http: string;
  readonly token?: string;
  readonly rtu?: number;
}

interface SendFlags extends RemoteFlags {
  readonly duration: number;
  readonly wait: boolean;
}

interface RunAnswer {
  readonly ended: boolean;
  readonly stations: readonly {
    readonly id: string;
    readonly name: string;
    readonly result: string;
    readonly sent: number;
    readonly leftOut: number;
    readonly passes: number;
  }[];
}

const ASK_AGAIN_MS = 200;
const MAX_INDEX = 999_999_999_999;

const HELP = `
Exit code: 0 it was sent, 1 no simulator answers, 3 no connected RTU has such a row.`;

/** `simulate send INDEX` and `simulate stop`: of a simulator that runs. */
export function registerSend(simulate: Command): void {
  remote(simulate, 'send', 'send an index from every connected RTU of the running simulator; 0: all rows')
    .argument('<index>', 'index of the rows', integer(0, MAX_INDEX))
    .option('--duration <SEC>', 'repeat it until this time is over', decimal(0), 0)
    .option('--no-wait', 'do not wait until it is sent')
    .addHelpText('after', HELP)
    .action((index: number, flags: SendFlags, self: Command) => send(index, flags, self));
  remote(simulate, 'stop', 'end all that is being sent by index, waits included').action(
    async (flags: RemoteFlags, self: Command) => {
      const { stopped } = (await ask(flags, self, 'POST', '/stop', { rtu: flags.rtu })) as { stopped: number };
      process.stdout.write(`stopped at ${stopped} RTUs\n`);
    },
  );
}

function remote(simulate: Command, name: string, description: string): Command {
  return simulate
    .command(name)
    .description(description)
    .option('--rtu <NO>', 'RTUs of this number only', integer(1, 65535))
    .option('--http <HOST:PORT>', 'HTTP API of the simulator', httpAddress, CONTROL_ADDRESS)
    .option('--token <FILE>', 'file with the bearer token that it asks for');
}

function httpAddress(text: string): string {
  if (URL.canParse(`http://${text}`) && new URL(`http://${text}`).host === text && /:\d+$/.test(text)) return text;
  throw new InvalidArgumentError('Must be HOST:PORT, for example 127.0.0.1:9110 or [::1]:9110.');
}

async function send(index: number, flags: SendFlags, self: Command): Promise<void> {
  const { duration, rtu } = flags;
  const { run } = (await ask(flags, self, 'POST', '/send', { index, duration, rtu })) as { run: number };
  if (!flags.wait) return;
  for (;;) {
    const { ended, stations } = (await ask(flags, self, 'GET', `/runs/${run}`)) as RunAnswer;
    if (!ended) {
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      continue;
    }
    for (const { id, name, result, sent, leftOut, passes } of stations) {
      process.stdout.write(`${id} ${name}: ${result}, ${sent} sent, ${leftOut} left out, ${passes} passes\n`);
    }
    if (!stations.some(({ sent }) => sent > 0)) process.exitCode = EXIT_REFUSED;
    return;
  }
}

/** Asks the simulator, or ends the process saying why it cannot, or what the simulator says to that. */
async function ask(flags: RemoteFlags, self: Command, method: 'GET' | 'POST', path: string, body?: object) {
  try {
    const [token] = flags.token === undefined ? [] : readTokens(flags.token);
    const settings = { url: new URL(`http://${flags.http}`), token, tokenFlag: '--token' };
    return await askSimulator(settings, method, path, body);
  } catch (error) {
    return self.error(`error: ${messageOf(error)}`, { exitCode: EXIT_FAILED });
  }
}
