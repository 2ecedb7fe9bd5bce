import { parseInteger, type IntegerRange } from './integer-cell.js';
import type { AmbiguousMasters } from './named-masters.js';
import { nearestNames } from './nearest-name.js';
import { accepted, nearest, refused, splitList, type Parsed } from './parsed.js';
import {
  ALL_RIGHTS,
  NO_RIGHTS,
  RIGHT_CLASSES,
  type NumberRange,
  type ObjectLimit,
  type RightClass,
  type Rights,
  type RightsEntry,
} from './rights.js';
import { looksLikePeerName, parsePeerName, peerNameKey } from './peer-names.js';
import { parseSourceRange, type IpRange } from './source-range.js';
import type { NamedMaster } from './types.js';

/** Entries whose networks can still be compared with each other. */
export interface ParsedRightsEntry extends RightsEntry {
  readonly range?: IpRange;
}

const EVERYBODY = '*';
const CA_PREFIX = /^ca:\s*/i;
const IOA_RANGE: IntegerRange = { min: 0, max: 0xffffff };
const CA_RANGE: IntegerRange = { min: 1, max: 65535 };
/** Classes whose commands are about single objects; the others are about a whole station. */
const WITH_OBJECTS: readonly RightClass[] = ['control', 'parameters', 'files'];
const MONITOR: Rights = { monitor: [{ cas: [], ioas: [] }] };

/**
 * Reads the `rights` cell: `A=control@5000-5999,6100;cn:scada-b=monitor;10.1.2.0/24=clock+files;*=none`. Undefined for an empty
 * one. The most specific entries come first. Whoever may do anything may `monitor`; `all` is everything. Names are looked up
 * by `rightsProblem`.
 */
export function parseRights(text: string): Parsed<readonly ParsedRightsEntry[] | undefined> {
  if (text === '') return accepted(undefined);
  const entries: ParsedRightsEntry[] = [];
  for (const entry of splitList(text, ';')) {
    const parsed = parseEntry(entry);
    if (!parsed.ok) return parsed;
    const twin = entries.find((other) => isSameSubject(other, parsed.value));
    if (twin !== undefined) return refused(`${twin.subject} and ${parsed.value.subject} are the same: given twice`);
    entries.push(parsed.value);
  }
  if (entries.length === 0) return refused('no NAME=RIGHTS given');
  return accepted([...entries].sort((a, b) => rank(a) - rank(b)));
}

/** Why rights cannot be told apart, or are about somebody who is not there; undefined: nothing is wrong. */
export function rightsProblem(
  entries: readonly RightsEntry[] | undefined,
  masters: readonly NamedMaster[],
  ambiguous: readonly AmbiguousMasters[],
): string | undefined {
  if (entries === undefined) return undefined;
  const names = masters.map(({ name }) => name);
  for (const { kind, subject } of entries) {
    if (kind !== 'name' || names.includes(subject)) continue;
    const [like] = nearestNames(subject, names);
    return `${JSON.stringify(subject)} is no name of masters, no address and no cn:, dns:, uri: or sha256: identity${nearest(like)}`;
  }
  const reasons = ambiguous.map(({ reason }) => reason);
  return reasons.length === 0 ? undefined : `whose rights count is not clear: ${reasons.join('; ')}`;
}

/** Certificates, names, networks from the smallest to the largest, everybody. */
function rank({ kind, range }: ParsedRightsEntry): number {
  if (kind === 'certificate') return 0;
  if (kind === 'name') return 1;
  return range === undefined ? Infinity : 1_000 - range.prefixBits;
}

function isSameSubject(a: ParsedRightsEntry, b: ParsedRightsEntry): boolean {
  if (a.range !== undefined && b.range !== undefined) {
    return a.range.prefixBits === b.range.prefixBits && a.range.overlaps(b.range);
  }
  return a.kind === b.kind && a.subject === b.subject;
}

function parseEntry(entry: string): Parsed<ParsedRightsEntry> {
  // An identity may have the sign in it, rights have not.
  const equals = entry.lastIndexOf('=');
  if (equals < 1) {
    const isRights = parseGrants(entry.trim()).ok;
    return refused(`${JSON.stringify(entry)} is not WHO=RIGHTS${nearest(isRights ? `*=${entry.trim()}` : undefined)}`);
  }
  const rights = parseGrants(entry.slice(equals + 1).trim());
  if (!rights.ok) return refused(`${JSON.stringify(entry)}: ${rights.reason}`);
  const subject = subjectOf(entry.slice(0, equals).trim());
  return subject.ok ? accepted({ ...subject.value, rights: rights.value }) : subject;
}

function subjectOf(text: string): Parsed<Pick<ParsedRightsEntry, 'subject' | 'kind' | 'range'>> {
  if (text === EVERYBODY) return accepted({ subject: EVERYBODY, kind: 'any' });
  if (looksLikePeerName(text)) {
    const name = parsePeerName(text);
    return name.ok ? accepted({ subject: peerNameKey(name.value), kind: 'certificate' }) : name;
  }
  const range = parseSourceRange(text);
  return accepted(range.ok ? { subject: text, kind: 'address', range: range.value } : { subject: text, kind: 'name' });
}

function parseGrants(text: string): Parsed<Rights> {
  const grants = text.split('+').map((grant) => grant.trim());
  if (grants.some((grant) => grant.toLowerCase() === 'none')) {
    return grants.length === 1 ? accepted(NO_RIGHTS) : refused('"none" goes with nothing else');
  }
  let rights: Rights = MONITOR;
  const limited: Partial<Record<RightClass, readonly ObjectLimit[]>> = {};
  for (const grant of grants) {
    const [word = '', ...rest] = grant.split('@');
    const name = word.trim().toLowerCase();
    if (name === 'all' && rest.length === 0) {
      rights = ALL_RIGHTS;
      continue;
    }
    const known = RIGHT_CLASSES.find((each) => each === name);
    if (known === undefined) {
      const [like] = nearestNames(name, [...RIGHT_CLASSES, 'all', 'none']);
      return refused(
        `${JSON.stringify(word.trim())} is none of ${RIGHT_CLASSES.join(', ')}, all, none${nearest(like)}`,
      );
    }
    const limit = rest.length === 0 ? accepted({ cas: [], ioas: [] }) : parseLimit(known, rest.join('@'));
    if (!limit.ok) return limit;
    limited[known] = [...(limited[known] ?? []), limit.value];
  }
  // What is said of one class is what counts for it, beside `all` and the `monitor` that goes with everything.
  return accepted({ ...rights, ...limited });
}

/** `5000-5999,6100`, `ca:3`, `ca:3-5,5000-5999`. */
function parseLimit(name: RightClass, text: string): Parsed<ObjectLimit> {
  const cas: NumberRange[] = [];
  const ioas: NumberRange[] = [];
  for (const item of splitList(text, ',')) {
    const isStation = CA_PREFIX.test(item);
    const range = parseRange(item.replace(CA_PREFIX, ''), isStation ? CA_RANGE : IOA_RANGE);
    if (!range.ok) return refused(`${name}@${item}: ${range.reason}`);
    (isStation ? cas : ioas).push(range.value);
  }
  if (cas.length + ioas.length === 0) return refused(`${name}@ without an object`);
  if (ioas.length > 0 && !WITH_OBJECTS.includes(name)) {
    const reason = `${name} is about whole stations, so it has no object addresses`;
    return refused(
      `${reason}${nearest(
        cas.length === 0
          ? name
          : `${name}@${text
              .split(',')
              .filter((item) => CA_PREFIX.test(item.trim()))
              .join(',')}`,
      )}`,
    );
  }
  return accepted({ cas, ioas });
}

function parseRange(text: string, limits: IntegerRange): Parsed<NumberRange> {
  const [from = '', to = from, ...more] = text.split('-').map((part) => part.trim());
  if (more.length > 0) return refused(`${JSON.stringify(text)} is no number and no range`);
  const first = parseInteger(from, limits);
  if (!first.ok) return first;
  const last = parseInteger(to, limits);
  if (!last.ok) return last;
  if (last.value < first.value) return refused(`${text} ends before it begins${nearest(`${to}-${from}`)}`);
  return accepted([first.value, last.value]);
}
