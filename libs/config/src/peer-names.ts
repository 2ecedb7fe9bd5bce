import { isHostname } from './endpoints.js';
import { accepted, nearest, refused, splitList, type Parsed } from './parsed.js';
import { hasControls } from './system-name.js';
import type { PeerName } from './types.js';

const KINDS = ['cn', 'dns', 'uri', 'sha256'] as const;
const FORM = /^(cn|dns|uri|sha256)\s*:\s*(.*)$/is;
/** Another name within a name. */
const SEVERAL = /[,|\s](cn|dns|uri|sha256)\s*:/i;
const FINGERPRINT_DIGITS = 64;

/** Said where a name of a certificate is expected. */
const FORMS = 'cn:NAME, dns:HOST, uri:URI or sha256:FINGERPRINT';

/** True for what looks like the name of a certificate, right or wrong: `cn:` and its like in front. */
export function looksLikePeerName(text: string): boolean {
  return FORM.test(text);
}

/** Reads `cn:scada-a`, `dns:rtu-7.example`, `uri:urn:x` or `sha256:<64 hexadecimal digits, colons between octets at will>`. */
export function parsePeerName(text: string): Parsed<PeerName> {
  const [, prefix, rest = ''] = FORM.exec(text) ?? [];
  const kind = KINDS.find((each) => each === prefix?.toLowerCase());
  const value = rest.trim();
  if (kind === undefined) return refused(`${JSON.stringify(text)} is not ${FORMS}${nearest(nearestName(text))}`);
  if (value === '') return refused(`${JSON.stringify(text)} has an empty certificate name`);
  if (hasControls(value)) return refused(`${JSON.stringify(text)} contains control characters`);
  if (value.includes('*')) return refused(`${JSON.stringify(text)} names nobody: there are no wildcards`);
  if (SEVERAL.test(value)) return refused(`${JSON.stringify(text)} is several names: they are separated by semicolons`);
  switch (kind) {
    case 'sha256': {
      const digits = value.replace(/[:\s]/g, '').toLowerCase();
      if (/^[0-9a-f]+$/.test(digits) && digits.length === FINGERPRINT_DIGITS)
        return accepted({ kind, value: digits, text });
      return refused(
        `${JSON.stringify(text)} is no SHA-256 fingerprint: ${FINGERPRINT_DIGITS} hexadecimal digits are expected`,
      );
    }
    case 'dns': {
      const host = value.toLowerCase().replace(/\.$/, '');
      // Who may connect is named, not described: no wildcards.
      if (isHostname(host)) return accepted({ kind, value: host, text });
      return refused(`${JSON.stringify(text)} is no host name (a wildcard is none)`);
    }
    case 'cn':
    case 'uri':
      return accepted({ kind, value, text });
  }
}

/** What may have been meant: a plain name, a fingerprint without its prefix. */
function nearestName(text: string): string | undefined {
  const digits = text.replace(/[:\s]/g, '');
  if (/^[0-9a-f]{64}$/i.test(digits)) return `sha256:${digits.toLowerCase()}`;
  return /^[A-Za-z0-9._-]{1,64}$/.test(text) ? `cn:${text}` : undefined;
}

/** Reads `tls names` and `rtu names`. One bad entry refuses the whole list. */
export function parsePeerNames(text: string): Parsed<readonly PeerName[]> {
  if (text === '') return accepted([]);
  const names: PeerName[] = [];
  for (const entry of splitList(text, ';')) {
    const name = parsePeerName(entry);
    if (!name.ok) return name;
    names.push(name.value);
  }
  return names.length > 0 ? accepted(names) : refused('no certificate name given');
}

/** As an identity of a certificate is written: `cn:scada-a`. */
export function peerNameKey({ kind, value }: PeerName): string {
  return `${kind}:${value}`;
}
