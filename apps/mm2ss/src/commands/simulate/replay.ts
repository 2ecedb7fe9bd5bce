import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type CapturedRtu, capturedRtus, CaptureError, eventsOnly, replay, RtuSimulator } from '@iec104mm2ss/simulator';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { EXIT_FAILED, EXIT_USAGE } from '../../process/exit-codes.js';
import { decimal, type Endpoint, endOf, endpointOption, endpointText, integer, messageOf, print } from './shared.js';

interface ReplayFlags {
  readonly listen: Endpoint;
  readonly port: number;
  readonly rtu?: string;
  readonly speed: number;
  readonly eventsOnly?: true;
  readonly duration?: number;
}

const HELP = `
It begins when a master has started data transfer, and answers nothing. What was sent to several masters at a time is taken of the
first of them. TLS cannot be read.`;

export function registerReplay(simulate: Command): void {
  simulate
    .command('replay')
    .description("play an RTU's side of a capture (pcap, pcapng) with its timing, to any master")
    .argument('<file>', 'capture')
    .addOption(endpointOption('--listen <HOST:PORT>', 'address and port to listen on'))
    .option('--port <N>', 'TCP port of the RTU in the capture', integer(1, 65535), 2404)
    .option('--rtu <ADDRESS:PORT>', 'which RTU, if the capture has several')
    .option('--speed <N>', '2: twice as fast', decimal(0.001), 1)
    .option('--events-only', 'process information only: no answers, no end of initialization')
    .option('--duration <SEC>', 'end after this time; default: at Ctrl-C', decimal(0))
    .addHelpText('after', HELP)
    .action((file: string, flags: ReplayFlags, self: Command) => run(file, flags, self));
}

async function run(file: string, flags: ReplayFlags, self: Command): Promise<void> {
  const found = chosen(file, flags, self);
  const captured = flags.eventsOnly === true ? eventsOnly(found) : found;
  const first = captured.asdus[0]?.timeMs ?? 0;
  // Clocks of captures are set back now and then: the last one need not be the latest.
  const seconds = captured.asdus.reduce((longest, { timeMs }) => Math.max(longest, timeMs - first), 0) / 1000;
  print(
    `${captured.at}: ${captured.asdus.length} ASDUs in ${seconds.toFixed(1)} s, ${captured.connections} connections`,
  );
  if (captured.leftOut > 0) print(`${captured.leftOut} connections at the same time are left out`);
  if (captured.gaps > 0) print(`octets are missing in the capture, ${captured.gaps} times`);
  const rtu = new RtuSimulator({
    ...flags.listen,
    points: [],
    endOfInitialization: 'never',
    intercept: () => 'ignore',
    eventBuffer: Math.max(captured.asdus.length, 1),
  });
  const stop = new AbortController();
  rtu.on('started', ({ peer }) => print(`${peer} started data transfer`));
  rtu.on('disconnected', ({ peer }, { message, code }) => print(`${peer} disconnected: ${message} (${code})`));
  rtu.once('started', () => {
    const options = { clock: SYSTEM_CLOCK, speed: flags.speed, stop: stop.signal };
    void replay(rtu, captured, options).then(({ played, withoutMaster }) => {
      const kept = withoutMaster === 0 ? '' : `, ${withoutMaster} of them without a master: the next one gets them`;
      print(`${played} of ${captured.asdus.length} ASDUs played${kept}`);
    });
  });
  try {
    await rtu.start();
  } catch (error) {
    self.error(`error: cannot listen on ${endpointText(flags.listen)}: ${messageOf(error)}`, { exitCode: EXIT_FAILED });
  }
  print(`listens on ${endpointText(rtu.address)}`);
  await endOf(flags.duration);
  stop.abort();
  await rtu.close();
}

function chosen(file: string, { port, rtu }: ReplayFlags, self: Command): CapturedRtu {
  try {
    const { rtus: all, remarks } = capturedRtus(readFileSync(file), port);
    for (const remark of remarks) process.stderr.write(`${file}: ${remark}\n`);
    const wanted = rtu === undefined ? all : all.filter(({ at }) => at === rtu);
    const [only] = wanted;
    if (only !== undefined && wanted.length === 1) return only;
    const list = all.map(({ at, asdus }) => `\n  ${at}: ${asdus.length} ASDUs`).join('');
    const reason =
      all.length === 0 ? `nobody sends APDUs from port ${port} (--port N)` : `which RTU? --rtu one of${list}`;
    return self.error(`error: ${file}: ${reason}`, { exitCode: EXIT_USAGE });
  } catch (error) {
    if (error instanceof CaptureError || (error as NodeJS.ErrnoException).syscall !== undefined) {
      return self.error(`error: ${file}: ${messageOf(error)}`, { exitCode: EXIT_USAGE });
    }
    throw error;
  }
}
