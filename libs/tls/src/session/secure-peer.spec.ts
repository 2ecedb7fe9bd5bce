import { createHash } from 'node:crypto';
import { createLogger } from '@iec104mm2ss/observability';
import { type Clock, type SecureSocket, SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TlsMaterial, Verdict } from '../types.js';
import type { HandshakeFailure } from './handshake-failure.js';
import { RENEGOTIATION_MS, RENEGOTIATIONS, SecurePeer } from './secure-peer.js';

const NOT_AFTER = Date.UTC(2040, 0, 1);
const accepted = (identity = 'cn:a', more: readonly string[] = []): Verdict => {
  return { ok: true, identity, identities: [identity, ...more], notAfter: NOT_AFTER, warnings: [] };
};
const refused = (code: Extract<Verdict, { ok: false }>['code']): Verdict => ({
  ok: false,
  code,
  reason: `it is ${code}`,
});

let now: number;
let verdict: Verdict;
let chain: Uint8Array[];
let resumed: boolean;
let destroyed: boolean;
let secure: () => void;
let trouble: (error: NodeJS.ErrnoException) => void;
let events: string[];
let ended: HandshakeFailure[];

const socket = {
  version: 'TLSv1.2',
  cipher: 'x',
  get resumed() {
    return resumed;
  },
  get destroyed() {
    return destroyed;
  },
  peerChain: () => chain,
  destroy: () => (destroyed = true),
  onSecure: (listener: () => void) => (secure = listener),
  onTrouble: (listener: (error: NodeJS.ErrnoException) => void) => (trouble = listener),
} as unknown as SecureSocket;

function judged(material: () => TlsMaterial = () => ({ judge: () => verdict }) as unknown as TlsMaterial) {
  const write = (line: string): void => void events.push((JSON.parse(line) as { event: string }).event);
  const { logger } = createLogger({ level: 'info', destination: { write } });
  const clock: Clock = { ...SYSTEM_CLOCK, now: () => now };
  const peer = SecurePeer.judge(socket, {
    material,
    names: () => [],
    role: 'client',
    logger,
    clock,
    peer: '10.0.0.1:1',
  });
  if (peer instanceof SecurePeer) peer.onRefused = (failure) => ended.push(failure);
  return peer;
}

beforeEach(() => {
  [now, verdict, chain, resumed, destroyed, events, ended] = [0, accepted(), [new Uint8Array(1)], false, false, [], []];
});

describe('at the end of the handshake', () => {
  it('is who its certificate says', () => {
    expect(judged()).toMatchObject({ identity: 'cn:a', notAfter: NOT_AFTER, version: 'TLSv1.2' });
    expect(destroyed).toBe(false);
  });

  it.each([
    ['without a certificate', () => (chain = []), 'no_certificate'],
    ['that took up an earlier session', () => (resumed = true), 'resumed'],
    ['that is refused', () => (verdict = refused('revoked')), 'revoked'],
    ['that is refused for its time', () => (verdict = refused('expired')), 'expired'],
  ])('one %s is closed', (_what, change, code) => {
    change();
    expect(judged()).toMatchObject({ code });
    expect(destroyed).toBe(true);
  });

  it('nobody is let in without certificates of ours', () => {
    const material = (): TlsMaterial => {
      throw new Error('no files');
    };
    expect(judged(material)).toMatchObject({ code: 'unusable', reason: 'no files' });
    expect(destroyed).toBe(true);
  });
});

describe('while it runs', () => {
  let peer: SecurePeer;
  beforeEach(() => {
    peer = judged() as SecurePeer;
  });

  it.each(['revoked', 'wrong_name', 'chain', 'weak_key'] as const)('ends when it is %s', (code) => {
    verdict = refused(code);
    peer.judgeAgain();
    expect(ended).toMatchObject([{ code }]);
    expect(events).toEqual([code === 'revoked' ? 'tls_revoked' : 'tls_ended']);
  });

  it.each(['expired', 'crl_missing', 'crl_expired', 'not_yet_valid'] as const)('%s is an alarm, once', (code) => {
    expect(peer.alarmAt).toBe(NOT_AFTER);
    verdict = refused(code);
    peer.judgeAgain();
    peer.judgeAgain();
    expect([ended, events, peer.alarmAt]).toEqual([[], ['tls_expired'], Infinity]);
  });

  it('may renegotiate a few times, with a certificate of the same names', () => {
    verdict = accepted('cn:a', ['sha256:other']);
    for (let i = 0; i < RENEGOTIATIONS; i++) secure();
    expect(ended).toEqual([]);
    now += RENEGOTIATION_MS + 1;
    secure();
    expect(ended).toEqual([]);
    for (let i = 0; i < RENEGOTIATIONS; i++) secure();
    expect(ended).toMatchObject([{ code: 'renegotiation' }]);
  });

  it.each([
    ['is somebody else', accepted('cn:b'), 'renegotiation'],
    ['has another name as well', accepted('cn:a', ['dns:b']), 'renegotiation'],
    ['is revoked by then', refused('revoked'), 'revoked'],
    ['has another one that is expired', refused('expired'), 'expired'],
  ])('ends when who renegotiates %s', (_what, next, code) => {
    verdict = next;
    secure();
    expect(ended).toMatchObject([{ code }]);
  });

  it('goes on when who renegotiates has the certificate he began with, which has expired since', () => {
    const fingerprint = createHash('sha256').update(new Uint8Array(1)).digest('hex');
    verdict = accepted('cn:a', [`sha256:${fingerprint}`]);
    peer.judgeAgain();
    verdict = refused('expired');
    secure();
    expect([ended, events]).toEqual([[], ['tls_expired']]);
  });

  it('ends when TLS breaks; what happens to any socket is for its owner', () => {
    trouble(Object.assign(new Error(), { code: 'ECONNRESET' }));
    expect(ended).toEqual([]);
    trouble(Object.assign(new Error(), { code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC' }));
    expect(ended).toHaveLength(1);
  });
});
