import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { type Environment, readEnvironment } from '@iec104mm2ss/config';
import { sleep } from '@iec104mm2ss/runtime';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CaptureStream } from '../capture/capture-stream.js';
import { PcapngTally } from '../capture/pcapng-tally.js';
import { httpWay, textOf } from './ask-http.js';
import { UnavailableError, UsageError } from './errors.js';
import {
  addAskingOptions,
  addNatsOptions,
  asEnvironmentFlags,
  deniedText,
  DEFAULT_HTTP,
  openNats,
  type ProcessFlags,
  runtimeOf,
} from './process-options.js';

/** What may wait to be written before frames are left out. */
const MAX_UNWRITTEN_OCTETS = 16 << 20;
/** Who has said nothing by then is missed. */
const SILENCE_MS = 3_000;
/** What Wireshark takes for IEC 104 by itself. */
const IEC104_PORT = '2404';
const [MB, DEFAULT_MB] = [1e6, 1_000];

interface CaptureFlags extends Omit<ProcessFlags, 'group'> {
  readonly group: string;
  readonly output: string;
  readonly duration?: number;
  readonly maxSize: number;
  readonly force?: boolean;
}

export function registerCapture(program: Command): void {
  const command = program
    .command('capture')
    .description('write what the RTU of a group and its masters say, for Wireshark, without the TLS around it')
    .requiredOption('-g, --group <id>', 'the group')
    .requiredOption('-o, --output <file.pcapng>', 'where to; - for standard output (... -o - | wireshark -k -i -)')
    .option('--force', 'write over a file that is there')
    .option('--duration <SEC>', 'end after this time; default: at Ctrl-C', positive)
    .addOption(new Option('--max-size <MB>', 'end when it is that large').argParser(positive).default(DEFAULT_MB))
    .option('--http <host:port>', `the process to ask (default: ${DEFAULT_HTTP}, or MM2SS_HTTP); not with --nats`)
    .addHelpText(
      'after',
      '\nWith --nats, all connectors and gateways of the group are asked. The file holds the traffic in the clear: only its\nowner can read it.',
    );
  addNatsOptions(addAskingOptions(command)).action((flags: CaptureFlags) => capture(flags));
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0 is expected');
  return value;
}

const say = (message: string): boolean => process.stderr.write(`mm2ss: capture: ${message}\n`);

async function capture(flags: CaptureFlags): Promise<void> {
  const { group, ...others } = flags;
  const environment = readEnvironment(process.env, asEnvironmentFlags(others));
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => end.abort());
  const file = new CaptureFile(flags, end);
  const capturing = environment.nats.length > 0 ? overNats(environment, group, file, end.signal) : undefined;
  await (capturing ?? overHttp(environment, group, file, end.signal));
  await file.close();
}

/** The file, or standard output; what is in it, and whether that is enough. */
class CaptureFile {
  private output: Writable | undefined;
  private readonly tally: PcapngTally;
  private readonly ports = new Set<string>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly sources = new Set<string>();
  private failed: Error | undefined;

  constructor(
    private readonly flags: CaptureFlags,
    private readonly end: AbortController,
  ) {
    this.tally = new PcapngTally((name) => this.onInterface(name));
  }

  /** Once there is somebody to capture: a file is not left behind for nothing. */
  open(): void {
    const { output: path, force, duration, group } = this.flags;
    this.output = path === '-' ? process.stdout : createWriteStream(path, { flags: force ? 'w' : 'wx', mode: 0o600 });
    this.output.on('error', (error: NodeJS.ErrnoException) => {
      // `mm2ss capture -o - | tshark -c 10` ends when tshark does.
      if (error.code !== 'EPIPE') this.failed ??= error;
      this.end.abort();
    });
    if (duration !== undefined) this.timers.push(setTimeout(() => this.end.abort(), duration * 1000));
    const silence = `no process has said yet that it serves group ${group}; waiting`;
    this.timers.push(setTimeout(() => this.sources.size === 0 && say(silence), SILENCE_MS));
  }

  get full(): boolean {
    return (this.output?.writableLength ?? 0) > MAX_UNWRITTEN_OCTETS;
  }

  /** Lets the writer go on when it has waited for that. */
  onDrain(listener: () => void): void {
    this.output?.on('drain', listener);
  }

  write(chunk: Buffer): void {
    // Whole blocks only, so that the file can be read however it ends.
    const blocks = this.tally.feed(chunk);
    if (blocks.length > 0) this.output?.write(blocks);
    if (this.tally.tally.octets < this.flags.maxSize * MB || this.end.signal.aborted) return;
    say(`${this.flags.maxSize} MB are written, which is enough (--max-size)`);
    this.end.abort();
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    const { packets, leftOut, octets } = this.tally.tally;
    const { output } = this;
    if (output === undefined) return;
    if (output !== process.stdout && this.failed === undefined) {
      await new Promise<void>((resolve) => {
        output.once('error', () => resolve());
        output.end(resolve);
      });
    }
    if (this.failed !== undefined) throw new UnavailableError(`capture: ${this.failed.message}${hintOf(this.failed)}`);
    say(`${packets} frames, ${octets} octets; left out: ${leftOut === 0 ? 'nothing' : `${leftOut} segments`}`);
    const ports = [...this.ports].filter((port) => port !== IEC104_PORT);
    const decode = ports.map((port) => `-d tcp.port==${port},iec60870_104`).join(' ');
    if (decode !== '') say(`Wireshark does not know these ports by itself: tshark ${decode} -r FILE, or Decode As`);
  }

  private onInterface(name: string): void {
    const port = /:(?:rtu|masters)-(\d+)$/.exec(name)?.[1];
    if (port !== undefined) this.ports.add(port);
    else {
      const again = this.sources.has(name) ? ' again; what passed since it heard of us last is not captured' : '';
      this.sources.add(name);
      say(`${name} captures group ${this.flags.group}${again}`);
    }
  }
}

const hintOf = ({ code }: NodeJS.ErrnoException): string => (code === 'EEXIST' ? ' (--force writes over it)' : '');

async function overNats(environment: Environment, group: string, file: CaptureFile, end: AbortSignal): Promise<void> {
  const runtime = runtimeOf(environment);
  const ended = new Promise<undefined>((resolve) => {
    if (end.aborted) resolve(undefined);
    end.addEventListener('abort', () => resolve(undefined));
  });
  const connecting = openNats(environment, runtime, (reason) => say(`waiting for NATS: ${reason}`), {
    listenOnly: true,
  });
  const bus = await Promise.race([connecting, ended]);
  // The signal came before the server: it is still being waited for.
  if (bus === undefined) process.exit(0);
  bus.onConnection((connected) => say(connected ? 'connected again' : `connection to ${bus.server} lost`));
  bus.onDenied((denied) => say(deniedText(denied)));
  bus.onTrouble(say);
  bus.drops.onDrop(({ count }, detail) => {
    if (count === 1) say(`an answer cannot be read, nor can others like it: ${detail}`);
  });
  file.open();
  const { clock, instance } = runtime;
  const refused = new Set<string>();
  const stream = new CaptureStream(
    { bus, clock, group, by: instance, capture: randomUUID() },
    { write: (block) => file.write(block), full: () => file.full },
    (who, reason) => {
      if (!refused.has(who)) say(`${who} does not take part: ${reason}`);
      refused.add(who);
    },
  );
  await ended;
  stream.end();
  await bus.close();
}

async function overHttp(environment: Environment, group: string, file: CaptureFile, end: AbortSignal): Promise<void> {
  const way = httpWay(environment, 'capture: --http off leaves nobody to ask; --nats URL asks the bus');
  let answer: IncomingMessage;
  try {
    answer = await way.ask(`/capture?group=${encodeURIComponent(group)}`, { signal: end });
  } catch (error) {
    if (end.aborted) return;
    throw new UnavailableError(`capture: ${way.origin} does not answer (${way.explain(error)})`);
  }
  const { statusCode = 0 } = answer;
  if (statusCode !== 200) {
    const reason = await Promise.race([textOf(answer), sleep(runtimeOf(environment).clock, 1_000)]);
    answer.destroy();
    const { error } = JSON.parse(reason === undefined ? '{}' : reason) as { error?: string };
    if (statusCode === 400) throw new UsageError(`capture: ${error ?? 'the group is none'}`);
    throw new UnavailableError(`capture: ${way.origin}/capture answers ${statusCode}: ${error ?? 'no reason'}`);
  }
  file.open();
  file.onDrain(() => answer.resume());
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void => {
      // What our own end of the connection breaks off is no failure.
      if (end.aborted) resolve();
      else reject(new UnavailableError(`capture: ${way.origin} ended the capture (${error.message})`));
    };
    answer.on('error', failed);
    answer.on('end', () => (end.aborted ? resolve() : failed(new Error('it ended'))));
    answer.on('data', (chunk: Buffer) => {
      if (end.aborted) return;
      file.write(chunk);
      // The other process leaves out, and counts, what is not taken.
      if (file.full) answer.pause();
    });
  });
}
