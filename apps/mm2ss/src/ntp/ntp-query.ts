import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { Clock } from '@iec104mm2ss/runtime';
import { COOKIE_OCTETS, decodeReply, encodeRequest, NtpError, type NtpSample } from './ntp-packet.js';

const NTP_PORT = 123;

export interface NtpServer {
  /** As configured; names the server in logs and metrics. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Monotonic time and timers, and the wall clock in Unix milliseconds. */
export type NtpClock = Pick<Clock, 'now' | 'wallMs' | 'setTimer' | 'clearTimer'>;

/** Reads `host`, `host:port`, a bare IPv6 address or `[IPv6]:port`; throws a plain Error that says what is wrong. */
export function parseNtpServer(text: string): NtpServer {
  const name = text.trim();
  if (isIPv6(name)) return { name, host: name, port: NTP_PORT };
  const match = /^(?:\[(?<ipv6>[^\]]+)\]|(?<host>[^:[\]\s]+))(?::(?<port>\d{1,5}))?$/.exec(name);
  const { ipv6, host, port } = match?.groups ?? {};
  const number = port === undefined ? NTP_PORT : Number(port);
  const target = ipv6 ?? host;
  if (target === undefined || (ipv6 !== undefined && !isIPv6(ipv6)) || number < 1 || number > 65535) {
    throw new Error(`NTP server "${text}": expected HOST or HOST:PORT`);
  }
  return { name, host: target, port: number };
}

/**
 * Asks one server once. Rejects with NtpError: no answer within `timeoutMs` (name look-up included), the network's
 * refusal, an answer to be refused; `failure` is `network` after `signal` was aborted.
 */
export async function queryNtpServer(
  server: NtpServer,
  { clock, timeoutMs, signal }: { readonly clock: NtpClock; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<NtpSample> {
  const stop = new AbortController();
  const timer = clock.setTimer(
    () => stop.abort(new NtpError('timeout', `no answer within ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  const abort = (): void => stop.abort(new NtpError('network', 'stopped'));
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    const { address, family } = await unless(stop.signal, lookup(server.host));
    return await exchange({ address, family, port: server.port }, clock, stop.signal);
  } catch (error) {
    if (error instanceof NtpError) throw error;
    throw new NtpError('network', error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    clock.clearTimer(timer);
    signal.removeEventListener('abort', abort);
  }
}

function exchange(
  { address, family, port }: { address: string; family: number; port: number },
  clock: NtpClock,
  signal: AbortSignal,
): Promise<NtpSample> {
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  const cookie = randomBytes(COOKIE_OCTETS);
  let sentAtMs = 0;
  let sentAt = 0;
  const answer = new Promise<NtpSample>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (octets) => {
      try {
        const sample = decodeReply(octets, { cookie, sentAtMs, elapsedMs: clock.now() - sentAt });
        if (sample) resolve(sample);
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    // Connected, the socket takes datagrams from this server only, and hears that its port is closed.
    socket.connect(port, address, () => {
      sentAtMs = clock.wallMs();
      sentAt = clock.now();
      socket.send(encodeRequest(cookie), (error) => {
        if (error) reject(error);
      });
    });
  });
  return unless(signal, answer).finally(() => socket.close());
}

/** What `work` gives, or the reason of `signal` if that comes first. */
function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
