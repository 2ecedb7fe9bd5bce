import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock, Network, SecureSocket, TcpSocket } from '@iec104mm2ss/runtime';
import { Link } from '../judge/trust.js';
import { CIPHERS } from '../profiles.js';
import { handshakeFailure, type HandshakeProblem } from '../session/handshake-failure.js';
import { shakeHands } from '../session/handshake.js';
import type { PeerName, TlsMaterial, Verdict } from '../types.js';
import { readCertificate } from '../x509/certificate.js';
import { type CertificateReport, certificateReport } from './files-report.js';

/** With TLS 1.3 the peer looks at our certificate after we are done: so long we wait for what it says. */
const VERDICT_OF_PEER_MS = 1_500;

export interface ProbeOptions {
  readonly host: string;
  readonly port: number;
  readonly network: Network;
  readonly clock: Clock;
  /** What we show and whom we believe; undefined: we show nothing, and nothing is decided about the peer. */
  readonly material: TlsMaterial | undefined;
  /** What its certificate must say: one of these; undefined: any name will do. */
  readonly names: readonly PeerName[] | undefined;
  readonly timeoutMs: number;
}

/** How far it went: `ok`, or who is to blame. */
export type ProbeOutcome =
  | 'ok'
  /** No TCP connection. */
  | 'no_answer'
  | 'no_tls'
  | 'wrong_version'
  | 'no_common_cipher'
  | 'refused_by_them'
  | 'refused_by_us'
  | 'handshake_failed';

export interface ProbeResult {
  readonly outcome: ProbeOutcome;
  /** One sentence for people. */
  readonly reason: string;
  /** What to look at next. */
  readonly hints: readonly string[];
  readonly version: string | null;
  readonly cipher: string | null;
  readonly chain: readonly CertificateReport[];
  /** Null: not decided. */
  readonly verdict: Verdict | null;
}

/** Connects, shakes hands, looks at the peer's certificate, and sends nothing of 104. */
export async function probeTls(options: ProbeOptions): Promise<ProbeResult> {
  const raw = await dial(options);
  if (typeof raw === 'string') return failed('no_answer', raw, NO_ANSWER_HINTS);
  const context = options.material?.context ?? createSecureContext({ minVersion: 'TLSv1.2', ca: [] });
  const done = await handshake(raw, options, context);
  if (!done.ok) return await explained(options, done.code, done.reason);
  const { socket } = done;
  const { version, cipher } = socket;
  const peerSays = await verdictOfPeer(socket, options.clock);
  const der = socket.peerChain();
  socket.destroy();
  const nowMs = options.clock.wallMs();
  const chain = der.flatMap((each) => reportOf(each, nowMs));
  const verdict = judged(options, der, chain);
  const common = { version, cipher, chain, verdict };
  if (peerSays !== undefined) {
    return { ...common, outcome: 'refused_by_them', reason: peerSays, hints: hintsOf(options, 'refused_by_peer') };
  }
  if (verdict?.ok === false) return { ...common, outcome: 'refused_by_us', reason: verdict.reason, hints: [] };
  const reason = verdict === null ? 'the handshake works; nothing was decided about the certificate' : 'all is well';
  return { ...common, outcome: 'ok', reason, hints: verdict === null ? ['give --tls-dir to have it decided'] : [] };
}

const NO_ANSWER_HINTS = [
  'is it the right port (19998 is the custom for TLS), and is the device in service?',
  'does a firewall on the way let it through?',
];

/** A connected socket, or why there is none. */
function dial({ host, port, network, clock, timeoutMs }: ProbeOptions): Promise<TcpSocket | string> {
  return new Promise((resolve) => {
    const socket = network.connect(host, port);
    const end = (outcome: TcpSocket | string): void => {
      clock.clearTimer(timer);
      if (typeof outcome === 'string') socket.destroy();
      resolve(outcome);
    };
    const timer = clock.setTimer(() => end(`no answer from ${host}:${port} within ${timeoutMs / 1000} s`), timeoutMs);
    socket.once('connect', () => end(socket));
    socket.on('error', ({ code = '' }) => end(DIAL_ERRORS[code] ?? `no connection (${code})`));
  });
}

const DIAL_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the machine is there, and nothing listens on that port (ECONNREFUSED)',
  EHOSTUNREACH: 'there is no way to that address (EHOSTUNREACH)',
  ENETUNREACH: 'there is no way to that network (ENETUNREACH)',
  ENOTFOUND: 'that name has no address (ENOTFOUND)',
  EAI_AGAIN: 'the name could not be looked up (EAI_AGAIN)',
  ETIMEDOUT: 'no answer (ETIMEDOUT)',
};

type Done = Parameters<Parameters<typeof shakeHands>[2]>[0];

function handshake(raw: TcpSocket, options: ProbeOptions, context: SecureContext): Promise<Done> {
  const { host, network, clock, timeoutMs } = options;
  const serverName = /^[\d.]+$|:/.test(host) ? undefined : host;
  return new Promise((resolve) => {
    shakeHands(raw, { network, clock, limitMs: timeoutMs, context, side: 'client', serverName }, resolve);
  });
}

/** Undefined: it has nothing against us. */
function verdictOfPeer(socket: SecureSocket, clock: Clock): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(() => resolve(undefined), VERDICT_OF_PEER_MS);
    const end = (reason: string): void => {
      clock.clearTimer(timer);
      resolve(reason);
    };
    socket.onTrouble((error) => end(handshakeFailure(error).reason));
    socket.on('end', () => end('it closed the connection right after the handshake, without a word'));
    socket.on('close', () => end('it closed the connection right after the handshake, without a word'));
    socket.resume();
  });
}

const OUTCOMES: Partial<Record<HandshakeProblem, ProbeOutcome>> = {
  not_tls: 'no_tls',
  handshake_timeout: 'no_tls',
  handshake_closed: 'no_tls',
  version: 'wrong_version',
  cipher: 'no_common_cipher',
  refused_by_peer: 'refused_by_them',
};

async function explained(options: ProbeOptions, code: HandshakeProblem, reason: string): Promise<ProbeResult> {
  const hints = hintsOf(options, code);
  const outcome = OUTCOMES[code] ?? 'handshake_failed';
  if (outcome === 'no_tls') return failed(outcome, reason, hints);
  const raw = await dial(options);
  if (typeof raw === 'string') return failed(outcome, reason, hints);
  // With everything allowed that OpenSSL has, only to see what the peer speaks; nothing is sent over it.
  const anything = createSecureContext({ minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0', ca: [] });
  const done = await handshake(raw, options, anything);
  if (!done.ok) return failed(outcome, reason, hints);
  const { version, cipher } = done.socket;
  done.socket.destroy();
  const speaks = `when everything is allowed it agrees on ${version} with ${cipher}`;
  if (version === 'TLSv1' || version === 'TLSv1.1') {
    return failed('wrong_version', reason, [`${speaks}: too old, TLS 1.2 is needed`, ...hints]);
  }
  const offered: readonly string[] = CIPHERS.iec62351;
  if (offered.includes(cipher)) return failed(outcome, reason, [speaks, ...hints]);
  return failed('no_common_cipher', reason, [`${speaks}, which is not offered`, ...hintsOf(options, 'cipher')]);
}

function hintsOf({ material }: ProbeOptions, code: HandshakeProblem): string[] {
  switch (code) {
    case 'not_tls':
    case 'handshake_timeout':
    case 'handshake_closed':
      return [
        'a port for plain 104 does that: 2404 is plain, 19998 is the custom for TLS',
        'a device that filters by address, or has no place for one more master, may do that too',
      ];
    case 'refused_by_peer':
      return material === undefined
        ? ['we showed no certificate: give --tls-dir']
        : [
            'does the peer have the authority of our tls.crt, and its intermediates?',
            "is our certificate for a TLS client, not expired by the peer's clock, and named there?",
          ];
    case 'cipher':
      return ['"tls profile" = iec62351 offers more suites than modern; an EC certificate rules out those with RSA'];
    default:
      return [];
  }
}

function judged(
  { material, names }: ProbeOptions,
  der: readonly Uint8Array[],
  chain: readonly CertificateReport[],
): Verdict | null {
  if (material === undefined) return null;
  const itself = { kind: 'sha256', value: chain[0]?.sha256 ?? '', text: '' } as const;
  return material.judge(der, 'server', names ?? [itself]);
}

function reportOf(der: Uint8Array, nowMs: number): CertificateReport[] {
  try {
    return [certificateReport(new Link(readCertificate(der), der), nowMs)];
  } catch {
    return [];
  }
}

function failed(outcome: ProbeOutcome, reason: string, hints: readonly string[]): ProbeResult {
  return { outcome, reason, hints, version: null, cipher: null, chain: [], verdict: null };
}
