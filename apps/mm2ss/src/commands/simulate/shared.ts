import { isIP } from 'node:net';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LinkParameters } from '@iec104mm2ss/iec104';
import { CommandSyntaxError, parseCommand } from '@iec104mm2ss/simulator';

/** What the commands of `mm2ss simulate` have in common: flags, output, and when they end. */

const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const DEFAULT_ENDPOINT = '127.0.0.1:2404';

export interface LinkFlags {
  k: number;
  w: number;
  t1: number;
  t2: number;
  t3: number;
}

export interface Endpoint {
  host: string;
  port: number;
}

export function addLinkOptions(command: Command): Command {
  return command
    .option('--k <N>', 'unacknowledged APDUs sent at most', integer(1, 32767), 12)
    .option('--w <N>', 'acknowledge after this many APDUs', integer(1, 32767), 8)
    .option('--t1 <SEC>', 'wait for an acknowledgement', integer(1, 255), 15)
    .option('--t2 <SEC>', 'acknowledge at the latest after', integer(1, 255), 10)
    .option('--t3 <SEC>', 'test an idle connection after', integer(1, 255), 20);
}

export function linkParameters({ k, w, t1, t2, t3 }: LinkFlags): LinkParameters {
  return { k, w, t1Ms: t1 * 1000, t2Ms: t2 * 1000, t3Ms: t3 * 1000 };
}

export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Must be an integer ${min}..${max}.`);
  };
}

export function collectInteger(min: number, max: number): (text: string, before?: number[]) => number[] {
  const read = integer(min, max);
  return (text, before = []) => [...before, read(text)];
}

export function decimal(min: number, max = Infinity): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (Number.isFinite(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Must be a number, ${max === Infinity ? `${min} or more` : `${min}..${max}`}.`);
  };
}

export function collectCommand(text: string, before: string[] = []): string[] {
  try {
    parseCommand(text);
  } catch (error) {
    if (error instanceof CommandSyntaxError) throw new InvalidArgumentError(error.message);
    throw error;
  }
  return [...before, text];
}

export function ipAddress(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError('Must be an IP address of this computer.');
}

export function endpointOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(endpoint).default(endpoint(DEFAULT_ENDPOINT), DEFAULT_ENDPOINT);
}

/** `host:port`, `[ipv6]:port`. */
export function endpoint(text: string): Endpoint {
  const [, bracketed, plain, portText] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(portText);
  if (host !== undefined && port >= 0 && port <= 65535) return { host, port };
  throw new InvalidArgumentError('Must be HOST:PORT, for example 127.0.0.1:2404 or [::1]:2404.');
}

export function endpointText({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function print(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 23)} ${line}\n`);
}

export function rate(count: number, seconds: number): string {
  return `${(count / seconds).toFixed(count / seconds < 10 ? 1 : 0)}/s`;
}

export function every(seconds: number, report: (seconds: number) => void): NodeJS.Timeout | undefined {
  return seconds > 0 ? setInterval(() => report(seconds), seconds * 1000) : undefined;
}

/** Aborted at the first signal that ends the command, with `ended by SIGTERM`; its reason is that text. */
export function endSignal(): AbortSignal {
  const end = new AbortController();
  for (const signal of END_SIGNALS) process.on(signal, () => end.abort(`ended by ${signal}`));
  return end.signal;
}

/** Resolves at Ctrl-C, SIGTERM, SIGHUP or after `seconds`; `cancel` stops waiting. */
export function endOf(seconds: number | undefined): Promise<void> & { cancel: () => void } {
  let cancel = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    const timer = seconds === undefined ? undefined : setTimeout(() => cancel(), seconds * 1000);
    cancel = () => {
      clearTimeout(timer);
      for (const signal of END_SIGNALS) process.removeListener(signal, cancel);
      resolve();
    };
    for (const signal of END_SIGNALS) process.on(signal, cancel);
  });
  return Object.assign(promise, { cancel: () => cancel() });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
