import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hasNoRights, notAllowed, RIGHT_CLASSES, rightsMatrix, rightsOf } from './rights.js';
import type { RightClass, RightsCommand, RightsPeer, RightsTable } from './rights.js';
import { parseNamedMasters } from './named-masters.js';
import { parseRights } from './rights-cell.js';

function table(text: string): RightsTable {
  const parsed = parseRights(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
}

const peer = (changes: Partial<RightsPeer> = {}): RightsPeer => ({
  identities: [],
  address: '10.1.1.5',
  name: null,
  ...changes,
});

const command = (name: RightClass, changes: Partial<RightsCommand> = {}): RightsCommand => ({
  class: name,
  ca: 1,
  ioas: [0],
  opaque: false,
  ...changes,
});

const may = (text: string, who: RightsPeer, what: RightsCommand): boolean =>
  notAllowed(rightsOf(table(text), who), what) === undefined;

describe('rights of a master', () => {
  it('are all without the column', () => {
    for (const name of RIGHT_CLASSES) expect(may('', peer(), command(name, { opaque: true, ca: 65535 }))).toBe(true);
  });

  it('are none for whom no entry is about', () => {
    expect(hasNoRights(rightsOf(table('A=control'), peer()))).toBe(true);
    expect(hasNoRights(rightsOf(table('*=none'), peer()))).toBe(true);
    expect(hasNoRights(rightsOf(table('*=monitor'), peer()))).toBe(false);
  });

  it.each([
    ['a certificate before a name', 'cn:x=control;A=monitor', { identities: ['cn:x'], name: 'A' }],
    ['a name before an address', 'A=control;10.1.1.5=monitor', { name: 'A' }],
    ['the smaller network', '10.0.0.0/8=monitor;10.1.1.0/24=control', {}],
    ['one host before its network', '10.1.1.0/24=monitor;10.1.1.5=control', {}],
    ['an address before everybody', '*=monitor;0.0.0.0/0=control', {}],
    ['IPv4-mapped addresses as IPv4', '*=monitor;10.1.1.5=control', { address: '::ffff:10.1.1.5' }],
  ])('come from the most specific entry: %s', (_, text, who) => {
    expect(may(text, peer(who), command('control'))).toBe(true);
  });

  it('must be given to all identities of one certificate that have an entry', () => {
    const who = peer({ identities: ['cn:x', 'dns:y'] });
    expect(may('cn:x=control+files;dns:y=control+clock', who, command('control'))).toBe(true);
    expect(may('cn:x=control+files;dns:y=control+clock', who, command('files'))).toBe(false);
    expect(hasNoRights(rightsOf(table('cn:x=all;dns:y=none'), who))).toBe(true);
  });

  it('hold monitor with everything else, and control nothing but itself', () => {
    expect(may('*=files', peer(), command('monitor'))).toBe(true);
    for (const other of ['clock', 'parameters', 'files', 'reset'] as const) {
      expect(may('*=control', peer(), command(other))).toBe(false);
    }
  });

  it('of some objects do not hold for the others, nor where the objects are not known', () => {
    const text = '*=control@5000-5999,6100';
    const to = (...ioas: number[]): boolean => may(text, peer(), command('control', { ioas }));
    expect([to(5000), to(5999), to(6100), to(5000, 6100)]).toEqual([true, true, true, true]);
    expect([to(4999), to(6000), to(6101), to(5000, 6000), to()]).toEqual([false, false, false, false, false]);
    expect(may(text, peer(), command('control', { ioas: [5000], opaque: true }))).toBe(false);
  });

  it('of some stations do not hold for all of them', () => {
    const to = (ca: number): boolean => may('*=reset@ca:3-5', peer(), command('reset', { ca }));
    expect([to(3), to(5), to(6), to(65535)]).toEqual([true, true, false, false]);
    expect(may('*=reset@ca:1-65535', peer(), command('reset', { ca: 65535 }))).toBe(true);
  });

  it('of objects of one station are not those of another one', () => {
    const text = '*=control@ca:1,100-199+control@ca:2,300';
    const to = (ca: number, ioa: number): boolean => may(text, peer(), command('control', { ca, ioas: [ioa] }));
    expect([to(1, 100), to(2, 300), to(1, 300), to(2, 100)]).toEqual([true, true, false, false]);
  });
});

describe('the matrix of rights', () => {
  it('says who may do what, the most specific first, and what happens to all others', () => {
    const masters = ['A', 'B'].map((name) => ({ name, sources: [], certificateNames: [] }));
    const lines = rightsMatrix(table('10.1.0.0/16=none;A=control@5000-5999,6100+clock'), masters);
    expect(lines.map(({ subject }) => subject)).toEqual(['A', '10.1.0.0/16', 'all others (B ...)']);
    expect(lines[0]?.rights).toEqual({
      monitor: 'yes',
      control: '5000-5999,6100',
      clock: 'yes',
      parameters: 'no',
      files: 'no',
      reset: 'no',
    });
    expect(lines[1]?.rights).toBe(null);
    expect(lines[2]?.rights).toBe(null);
  });

  it('names nobody as refused for whom an address or a certificate speaks', () => {
    const parsed = parseNamedMasters('A=10.1.1.5;B=10.2.0.0/16;C=cn:scada-c;D=10.9.9.9');
    const masters = parsed.ok ? parsed.value : [];
    const lines = rightsMatrix(table('10.1.0.0/16=control;10.2.3.4=control;cn:scada-c=monitor'), masters);
    expect(lines.at(-1)).toEqual({ subject: 'all others (D ...)', rights: null });
  });
});

// ---- against an oracle that knows nothing of how it is done -------------------------------------------------------------

interface Grant {
  readonly class: RightClass;
  readonly cas: readonly number[];
  readonly ioas: readonly number[];
}
interface Entry {
  readonly subject: string;
  readonly grants: readonly Grant[];
}

const WITH_OBJECTS: readonly RightClass[] = ['control', 'parameters', 'files'];
const small = fc.integer({ min: 1, max: 6 });
const grants = fc.array(
  fc
    .record({
      class: fc.constantFrom(...RIGHT_CLASSES),
      cas: fc.uniqueArray(small, { maxLength: 2 }),
      ioas: fc.uniqueArray(small, { maxLength: 3 }),
    })
    .map((grant) => (WITH_OBJECTS.includes(grant.class) ? grant : { ...grant, ioas: [] })),
  { maxLength: 4 },
);
/** Networks within each other: 10.0.0.0/8 ... 10.0.0.3. */
const NETWORKS = ['10.0.0.0/8', '10.0.0.0/24', '10.0.0.0/30', '10.0.0.2/31', '10.0.0.3', '10.0.0.1'];
const FINGERPRINT = `sha256:${'0'.repeat(64)}`;
const SUBJECTS = ['cn:a', 'dns:b', FINGERPRINT, 'A', 'B', '*', ...NETWORKS];
const entries = fc
  .uniqueArray(fc.constantFrom(...SUBJECTS), { minLength: 1, maxLength: 7 })
  .chain((subjects) =>
    fc.tuple(...subjects.map((subject) => grants.map((given): Entry => ({ subject, grants: given })))),
  );
const peers = fc.record({
  identities: fc.subarray(['cn:a', 'dns:b', FINGERPRINT, 'cn:other']),
  address: fc.constantFrom('10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.9', '10.9.9.9', '192.168.0.1'),
  name: fc.constantFrom(null, 'A', 'B', 'C'),
});
const commands = fc.record({
  class: fc.constantFrom(...RIGHT_CLASSES),
  ca: fc.oneof(small, fc.constant(65535)),
  ioas: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
  opaque: fc.boolean(),
});

function written({ subject, grants: given }: Entry): string {
  const words = given.map(({ class: name, cas, ioas }) => {
    const limits = [...cas.map((ca) => `ca:${ca}`), ...ioas.map(String)];
    return limits.length === 0 ? name : `${name}@${limits.join(',')}`;
  });
  return `${subject}=${words.length === 0 ? 'none' : words.join('+')}`;
}

const octets = (address: string): number => address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);

/** Bits of the network that the address is in; -1: it is not. */
function bitsShared(network: string, address: string): number {
  const [base = '', bits = '32'] = network.split('/');
  const size = 2 ** (32 - Number(bits));
  return Math.floor(octets(base) / size) === Math.floor(octets(address) / size) ? Number(bits) : -1;
}

function entriesAbout(all: readonly Entry[], who: RightsPeer): Entry[] {
  const certificates = all.filter(({ subject }) => who.identities.includes(subject));
  if (certificates.length > 0) return certificates;
  const named = all.filter(({ subject }) => subject === who.name);
  if (named.length > 0) return named;
  const networks = all.filter(({ subject }) => /^\d/.test(subject));
  const bits = networks.map(({ subject }) => bitsShared(subject, who.address));
  const best = Math.max(-1, ...bits);
  if (best >= 0) return [networks[bits.indexOf(best)] as Entry];
  return all.filter(({ subject }) => subject === '*');
}

function oracle(all: readonly Entry[], who: RightsPeer, what: RightsCommand): boolean {
  const about = entriesAbout(all, who);
  if (about.length === 0) return false;
  return about.every(({ grants: given }) => {
    if (given.length === 0) return false;
    const ofClass = given.filter((grant) => grant.class === what.class);
    if (ofClass.length === 0) return what.class === 'monitor';
    if (what.opaque) return ofClass.some(({ cas, ioas }) => cas.length === 0 && ioas.length === 0);
    const objects = what.ioas.length === 0 ? [undefined] : what.ioas;
    return objects.every((ioa) =>
      ofClass.some(
        ({ cas, ioas }) =>
          (cas.length === 0 || cas.includes(what.ca)) &&
          (ioas.length === 0 || (ioa !== undefined && ioas.includes(ioa))),
      ),
    );
  });
}

it('a command is allowed exactly when an oracle that tries everything allows it', () => {
  fc.assert(
    fc.property(entries, peers, commands, (all, who, what) => {
      expect(may(all.map(written).join(';'), who, what)).toBe(oracle(all, who, what));
    }),
    { numRuns: 3_000 },
  );
});
