import type { TlsRefusal } from '../types.js';

/** Why a chain is not accepted. */
export interface Fault {
  readonly code: TlsRefusal;
  readonly reason: string;
}

/**
 * What is said when several things are wrong: the first one of these. Time comes last, so that a certificate that is called
 * expired has no other fault: a running session may outlive it, which one that is revoked must not.
 */
const ORDER: readonly TlsRefusal[] = [
  'no_certificate',
  'unreadable',
  'chain',
  'weak_signature',
  'revoked',
  'weak_key',
  'wrong_use',
  'wrong_name',
  'crl_missing',
  'crl_expired',
  'not_yet_valid',
  'expired',
];

/** Of two ways to look at one chain: the fault of the one that came closer to being accepted. */
export function closer(a: Fault | undefined, b: Fault): Fault {
  return a !== undefined && ORDER.indexOf(a.code) >= ORDER.indexOf(b.code) ? a : b;
}

/** A point in time for people. */
export function timeText(ms: number): string {
  return Number.isFinite(ms)
    ? `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
    : 'an unreadable time';
}
