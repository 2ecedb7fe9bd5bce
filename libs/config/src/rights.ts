import { peerNameKey } from './peer-names.js';
import type { NamedMaster, SourceRange } from './types.js';

/** What a master may be allowed to do; which types of commands each one holds is in `commandClass` of libs/iec104. */
export const RIGHT_CLASSES = ['monitor', 'control', 'clock', 'parameters', 'files', 'reset'] as const;
export type RightClass = (typeof RIGHT_CLASSES)[number];

/** First and last number, both included. */
export type NumberRange = readonly [first: number, last: number];

/** Stations and objects that a right is limited to; an empty list: all. */
export interface ObjectLimit {
  readonly cas: readonly NumberRange[];
  readonly ioas: readonly NumberRange[];
}

/** What somebody may do, and to which objects: one of the limits must hold. A class that is not there: not at all. */
export type Rights = Readonly<Partial<Record<RightClass, readonly ObjectLimit[]>>>;

/** One entry of the column `rights`. */
export interface RightsEntry {
  /** Name of `masters`, identity of a certificate as `kind:value`, address or network, or `*`. */
  readonly subject: string;
  readonly kind: 'certificate' | 'name' | 'address' | 'any';
  /** Of an address or network. */
  readonly range?: SourceRange;
  /** Empty: nothing, not even to be connected. */
  readonly rights: Rights;
}

/** The column `rights`, the most specific entries first; undefined: there is none, and everybody may do everything. */
export type RightsTable = readonly RightsEntry[] | undefined;

/** Who wants to do something. */
export interface RightsPeer {
  /** What its certificate says of it, each as `kind:value`; empty without TLS. */
  readonly identities: readonly string[];
  readonly address: string;
  /** In `masters`; null: none. */
  readonly name: string | null;
}

/** A command as far as rights need it. */
export interface RightsCommand {
  readonly class: RightClass;
  /** The station; 65535: all of them. */
  readonly ca: number;
  /** Addresses of all of its objects. */
  readonly ioas: readonly number[];
  /** There may be objects that only the station can tell: no limit to objects is known to hold. */
  readonly opaque: boolean;
}

const UNLIMITED: readonly ObjectLimit[] = [{ cas: [], ioas: [] }];
export const NO_RIGHTS: Rights = {};
export const ALL_RIGHTS: Rights = Object.fromEntries(RIGHT_CLASSES.map((name) => [name, UNLIMITED]));

/**
 * What a master may do: the rights of the most specific entry that is about it. An identity of its certificate comes before its
 * name, that before the smallest network its address is in, and `*` is last. Whom no entry is about may do nothing. Of several
 * identities of one certificate all must allow it.
 *
 * @returns all of these must allow a command
 */
export function rightsOf(table: RightsTable, { identities, address, name }: RightsPeer): readonly Rights[] {
  if (table === undefined) return [ALL_RIGHTS];
  const certificates = table.filter(({ kind, subject }) => kind === 'certificate' && identities.includes(subject));
  if (certificates.length > 0) return certificates.map(({ rights }) => rights);
  const entry = table.find(({ kind, subject, range }) => {
    if (kind === 'name') return subject === name;
    return kind === 'any' || (kind === 'address' && range?.contains(address) === true);
  });
  return [entry?.rights ?? NO_RIGHTS];
}

/** True for who may not even be connected. */
export function hasNoRights(rights: readonly Rights[]): boolean {
  return rights.some((each) => Object.keys(each).length === 0);
}

/** Why a command is not allowed, in words; undefined: it is. */
export function notAllowed(rights: readonly Rights[], command: RightsCommand): string | undefined {
  for (const each of rights) {
    const limits = each[command.class];
    if (limits === undefined) return `no right to ${command.class}`;
    if (command.opaque && !limits.some(isUnlimited)) return `its right to ${command.class} is limited to some objects`;
    if (!command.opaque && !isWithin(limits, command)) {
      return `no right to ${command.class} of CA ${command.ca}, IOA ${command.ioas.join(', ')}`;
    }
  }
  return undefined;
}

function isWithin(limits: readonly ObjectLimit[], { ca, ioas }: RightsCommand): boolean {
  const isStation = limits.filter(({ cas }) => holds(cas, ca));
  if (ioas.length === 0) return isStation.some((limit) => limit.ioas.length === 0);
  return ioas.every((ioa) => isStation.some((limit) => holds(limit.ioas, ioa)));
}

function isUnlimited({ cas, ioas }: ObjectLimit): boolean {
  return cas.length === 0 && ioas.length === 0;
}

function holds(ranges: readonly NumberRange[], value: number): boolean {
  return ranges.length === 0 || ranges.some(([first, last]) => first <= value && value <= last);
}

/** A right as people read it: `no`, `yes`, or what it is limited to. */
export function limitText(limits: readonly ObjectLimit[] | undefined): string {
  if (limits === undefined) return 'no';
  if (limits.some(isUnlimited)) return 'yes';
  const text = (ranges: readonly NumberRange[], prefix: string): string[] =>
    ranges.map(([first, last]) => `${prefix}${first === last ? first : `${first}-${last}`}`);
  return limits.map(({ cas, ioas }) => [...text(cas, 'ca:'), ...text(ioas, '')].join(',')).join(' + ');
}

/** One line of the matrix of `mm2ss check`. */
export interface RightsLine {
  readonly subject: string;
  /** By class; null: it is refused at admission. */
  readonly rights: Readonly<Record<RightClass, string>> | null;
}

/** Who may do what, with the masters that no entry names and the rest of the world. */
export function rightsMatrix(table: RightsTable, masters: readonly NamedMaster[]): RightsLine[] {
  if (table === undefined) return [];
  const line = (subject: string, rights: Rights): RightsLine => ({ subject, rights: rightsText(rights) });
  const lines = table.map(({ subject, rights }) => line(subject, rights));
  if (table.some(({ kind }) => kind === 'any')) return lines;
  const unnamed = masters.filter((master) => !table.some((entry) => mayBeAbout(entry, master)));
  const others = unnamed.length === 0 ? 'all others' : `all others (${unnamed.map(({ name }) => name).join(', ')} ...)`;
  return [...lines, line(others, NO_RIGHTS)];
}

/** Whether the entry counts for some connection of this master. */
function mayBeAbout({ kind, subject, range }: RightsEntry, { name, sources, certificateNames }: NamedMaster): boolean {
  if (kind === 'name') return subject === name;
  if (kind === 'certificate') return certificateNames.some((each) => peerNameKey(each) === subject);
  const first = (text: string): string => text.replace(/\/.*/, '');
  return sources.some((source) => range?.contains(first(source.text)) === true || source.contains(first(subject)));
}

function rightsText(rights: Rights): RightsLine['rights'] {
  if (Object.keys(rights).length === 0) return null;
  return Object.fromEntries(RIGHT_CLASSES.map((name) => [name, limitText(rights[name])])) as Record<RightClass, string>;
}
