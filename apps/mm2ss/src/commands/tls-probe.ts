import type { PeerName, ProbeOutcome, ProbeResult } from '@iec104mm2ss/tls';
import { formatCertificate } from './tls-check.js';

const TITLES: Readonly<Record<ProbeOutcome, string>> = {
  ok: 'It works',
  no_answer: 'No connection',
  no_tls: 'No TLS there',
  wrong_version: 'The wrong version of TLS',
  no_common_cipher: 'No cipher suite that both have',
  refused_by_them: 'They refuse us',
  refused_by_us: 'We refuse them',
  handshake_failed: 'The handshake failed',
};

/** The report of `tls probe`, for people. */
export function formatProbe(target: string, result: ProbeResult, names: readonly PeerName[] | undefined): string {
  const { outcome, reason, hints, version, cipher, chain, verdict } = result;
  const lines = [`${target}: ${TITLES[outcome]}: ${reason}`];
  if (version !== null) lines.push(`  ${version}, ${cipher ?? ''}`);
  lines.push(...chain.flatMap((each, i) => formatCertificate(i === 0 ? 'their certificate' : '  issued by', each)));
  if (version !== null && chain.length === 0) lines.push('  they have shown no certificate');
  if (verdict !== null)
    lines.push(`  our verdict: ${verdict.ok ? acceptedText(verdict.identity, names) : verdict.reason}`);
  if (verdict?.ok === true) lines.push(...verdict.warnings.map((warning) => `  but: ${warning}`));
  lines.push(...hints.map((hint) => `  - ${hint}`));
  return `${lines.join('\n')}\n`;
}

function acceptedText(identity: string, names: readonly PeerName[] | undefined): string {
  return names === undefined ? 'accepted, whatever it is called (--names was not given)' : `accepted as ${identity}`;
}
