import { accepted, nearest, refused, splitList, type Parsed } from './parsed.js';
import { parseSourceRange, type IpRange } from './source-range.js';
import { looksLikePeerName, parsePeerName, peerNameKey } from './peer-names.js';
import type { NamedMaster, PeerName } from './types.js';

/** A named master whose sources can still be compared with each other. */
export interface ParsedMaster extends NamedMaster {
  readonly sources: readonly IpRange[];
}

/** Names become subject tokens, durable cursor keys and label values, hence no dots, blanks or wildcards. */
const MASTER_NAME = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * Reads the `masters` cell: `A=10.1.1.5;B=10.1.2.0/24,10.1.3.7;C=cn:scada-c,dns:c.example`. Names are 1..32 letters, digits, `_` or
 * `-`, and differ in more than upper and lower case. One bad entry refuses the whole list.
 */
export function parseNamedMasters(text: string): Parsed<readonly ParsedMaster[]> {
  if (text === '') return accepted([]);
  const masters: ParsedMaster[] = [];
  const taken = new Set<string>();
  for (const entry of splitList(text, ';')) {
    const master = parseNamedMaster(entry);
    if (!master.ok) return master;
    const key = master.value.name.toLowerCase();
    if (taken.has(key)) return refused(`the name ${JSON.stringify(master.value.name)} is given twice`);
    taken.add(key);
    masters.push(master.value);
  }
  return masters.length > 0 ? accepted(masters) : refused('no NAME=ADDRESS given');
}

function parseNamedMaster(entry: string): Parsed<ParsedMaster> {
  const equals = entry.indexOf('=');
  if (equals < 0) {
    const [, name = 'A', source = entry] = /^([A-Za-z0-9_-]{1,32})[:\s]+(.*)$/.exec(entry) ?? [];
    const form = parseSourceRange(source).ok ? `${name}=${source}` : undefined;
    return refused(`${JSON.stringify(entry)} is not NAME=ADDRESS${nearest(form)}`);
  }
  const name = entry.slice(0, equals).trim();
  if (!MASTER_NAME.test(name)) {
    return refused(`the name ${JSON.stringify(name)} is not 1..32 letters, digits, _ or -`);
  }
  const sources: IpRange[] = [];
  const certificateNames: PeerName[] = [];
  for (const item of splitList(entry.slice(equals + 1), ',')) {
    if (looksLikePeerName(item)) {
      const certificateName = parsePeerName(item);
      if (!certificateName.ok) return refused(`master ${name}: ${certificateName.reason}`);
      certificateNames.push(certificateName.value);
      continue;
    }
    const range = parseSourceRange(item);
    if (!range.ok) return refused(`master ${name}: ${range.reason}`);
    sources.push(range.value);
  }
  if (sources.length + certificateNames.length === 0) return refused(`master ${name} has no address`);
  return accepted({ name, sources, certificateNames });
}

/** Whether two entries have an address, network or certificate name in common, as one that was only renamed has. */
export function sharesSource(a: NamedMaster, b: NamedMaster): boolean {
  const has = (text: string): boolean => a.sources.some((source) => source.text === text);
  const certificates = new Set(a.certificateNames.map(peerNameKey));
  return (
    b.sources.some(({ text }) => has(text)) || b.certificateNames.some((each) => certificates.has(peerNameKey(each)))
  );
}

/** Names of `before` that are not in `after`, and are not of a master that was only renamed. */
export function unnamedMasters(before: readonly NamedMaster[], after: readonly NamedMaster[]): string[] {
  const isGone = (old: NamedMaster): boolean =>
    !after.some((each) => each.name === old.name || sharesSource(old, each));
  return before.filter(isGone).map(({ name }) => name);
}

/** Two masters that claim the same peer. */
export interface AmbiguousMasters {
  readonly names: readonly [string, string];
  readonly reason: string;
}

/** Each pair of names that claim the same peer, who could then be taken for either. */
export function ambiguousMasters(masters: readonly ParsedMaster[]): AmbiguousMasters[] {
  const found: AmbiguousMasters[] = [];
  for (const [index, first] of masters.entries()) {
    for (const second of masters.slice(index + 1)) {
      const claim = sharedClaim(first, second);
      if (claim === undefined) continue;
      const reason = `masters ${first.name} and ${second.name} both claim ${claim}`;
      found.push({ names: [first.name, second.name], reason });
    }
  }
  return found;
}

function sharedClaim(first: ParsedMaster, second: ParsedMaster): string | undefined {
  for (const a of first.sources) {
    const b = second.sources.find((candidate) => candidate.overlaps(a));
    if (b !== undefined) return a.text === b.text ? a.text : `${a.text} (${b.text})`;
  }
  const theirs = new Set(second.certificateNames.map(peerNameKey));
  return first.certificateNames.map(peerNameKey).find((name) => theirs.has(name));
}
