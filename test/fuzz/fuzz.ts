/**
 * Throws octets at framer, link and decoder, and lets only known errors out.
 *
 *     node test/fuzz/fuzz.ts --seconds 30              # a new seed each time; needs a build (dist)
 *     node test/fuzz/fuzz.ts --seed 123 --cases 1000   # the same cases again
 *     node test/fuzz/fuzz.ts --replay 4711             # one case, by the number a failure printed
 *
 * Runs without a compile step: only types may be stripped from this file.
 */
import {
  ApduFramer,
  AsduView,
  Iec104Error,
  Link,
  TYPES,
  apduEnd,
  decodeAsdu,
  encodeAsdu,
  explainAsdu,
  iFormat,
  mirror,
  sFormat,
  toJson,
  uFormat,
} from '@iec104mm2ss/iec104';
import type { Iec104ErrorCode, LinkRole, UFunction } from '@iec104mm2ss/iec104';

/** What a run has reached, so that one sees when it no longer reaches anything. */
export interface FuzzReport {
  seed: number;
  cases: number;
  octets: number;
  apdus: number;
  /** ASDUs decoded to objects, and round-tripped. */
  decoded: number;
  /** How often each error was met. */
  errors: Partial<Record<Iec104ErrorCode, number>>;
}

export interface FuzzLimits {
  seed: number;
  /** Ends when either is reached. */
  cases?: number;
  seconds?: number;
}

/** A case that let something out; `caseSeed` is what `--replay` takes. */
export class FuzzFailure extends Error {
  readonly caseSeed: number;
  readonly inputHex: string;

  constructor(caseSeed: number, inputHex: string, cause: unknown) {
    const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    super(`case ${caseSeed}\ninput ${inputHex}\n${what}`, { cause });
    this.name = 'FuzzFailure';
    this.caseSeed = caseSeed;
    this.inputHex = inputHex;
  }
}

/** Runs cases until a limit is reached. @throws FuzzFailure at the first case that lets anything but a known error out */
export function fuzz({ seed, cases = Infinity, seconds = Infinity }: FuzzLimits): FuzzReport {
  if (cases === Infinity && seconds === Infinity) throw new RangeError('neither cases nor seconds are limited');
  const report: FuzzReport = { seed, cases: 0, octets: 0, apdus: 0, decoded: 0, errors: {} };
  const endAt = performance.now() + seconds * 1000;
  const caseSeeds = new Random(seed);
  while (report.cases < cases && performance.now() < endAt) {
    runCase(caseSeeds.uint32(), report);
    report.cases++;
  }
  return report;
}

/** One case, all of it derived from `caseSeed`. @throws FuzzFailure */
export function runCase(caseSeed: number, report: FuzzReport): void {
  const stream: number[] = [];
  try {
    const random = new Random(caseSeed);
    const role: LinkRole = random.chance(0.5) ? 'controlling' : 'controlled';
    const link = new Link(
      {
        role,
        k: random.below(4) + 1,
        w: random.below(4) + 1,
        t1Ms: 15_000,
        t2Ms: 10_000,
        t3Ms: 20_000,
        holdAcknowledgements: random.chance(0.3),
        holdLimitMs: 14_000,
      },
      0,
    );
    const framer = new ApduFramer();
    const wholes: number[] = [];
    let now = 0;
    if (random.chance(0.9)) start(link, random, stream, framer, wholes);
    const steps = 1 + random.below(40);
    for (let step = 0; step < steps; step++) {
      now += random.chance(0.2) ? random.below(12_000) : random.below(50);
      switch (random.below(8)) {
        case 0:
          if (random.chance(0.5)) link.send(new Uint8Array(6 + random.below(244)), now);
          else sendSome(link, random, now);
          break;
        case 1:
          link.onTimeout(now);
          break;
        case 2:
          link.confirm(random.below(link.received + 1), now);
          break;
        case 3:
          if (role === 'controlling') {
            if (random.chance(0.5)) link.startDataTransfer(now);
            else link.stopDataTransfer(now);
          }
          break;
        default: {
          const chunk = nextChunk(link, random);
          for (const octet of chunk) stream.push(octet);
          receive(framer.feed(chunk), link, now, wholes, report);
        }
      }
      checkLink(link, report);
      // A closed link and an ended stream are worth a few more steps, not all of them.
      if (link.state === 'closed' && random.chance(0.3)) break;
    }
    checkFramer(framer, stream, wholes, random, report);
    report.octets += stream.length;
  } catch (cause) {
    throw new FuzzFailure(caseSeed, hexOf(stream), cause);
  }
}

// ---- what is thrown -----------------------------------------------------------------------------------------------

function start(link: Link, random: Random, stream: number[], framer: ApduFramer, wholes: number[]): void {
  let fn: UFunction = 0x07;
  if (link.role === 'controlling') {
    link.startDataTransfer(0);
    fn = 0x0b;
  }
  const apdu = uFormat(fn);
  for (const octet of apdu) stream.push(octet);
  for (const octet of framer.feed(apdu)) wholes.push(octet);
  link.receive(apdu, 0, 0);
  if (random.chance(0.3)) link.poll();
}

function sendSome(link: Link, random: Random, now: number): void {
  const apdus = concat(Array.from({ length: 1 + random.below(6) }, () => iFormat(0, 0, anyAsdu(random))));
  const to = link.sendApdus(apdus, 0, apdus.length, now);
  if (to > apdus.length) throw new Error(`sendApdus went to ${to} of ${apdus.length}`);
}

/** Some APDUs that fit the link's state more often than not, with a fault now and then, cut anywhere. */
function nextChunk(link: Link, random: Random): Uint8Array {
  const parts: Uint8Array[] = [];
  let ns = link.received;
  let acknowledged = link.acknowledged;
  for (let count = random.below(5); count >= 0; count--) {
    acknowledged += random.below(link.sent - acknowledged + 1);
    const nr = random.chance(0.98) ? acknowledged : random.below(70_000);
    switch (random.below(40)) {
      case 0:
      case 1:
        parts.push(uFormat((random.chance(0.5) ? 0x43 : 0x83) satisfies UFunction));
        break;
      case 2:
      case 3:
      case 4:
        parts.push(sFormat(nr));
        break;
      case 5:
        // One of the six functions, or none.
        parts.push(
          Uint8Array.of(0x68, 4, random.chance(0.6) ? 3 | (4 << random.below(6)) : random.below(256) | 3, 0, 0, 0),
        );
        break;
      case 6:
        parts.push(random.octets(random.below(12)));
        break;
      case 7:
        // Whole, but shorter than any ASDU.
        if (random.chance(0.2)) parts.push(Uint8Array.of(0x68, 6, ns << 1, ns >> 7, 0, 0, 1, 1));
        break;
      default:
        parts.push(iFormat(random.chance(0.99) ? ns++ : random.below(70_000), nr, anyAsdu(random)));
    }
  }
  const octets = concat(parts);
  if (octets.length > 0 && random.chance(0.03)) octets[random.below(octets.length)] = random.below(256);
  return random.chance(0.97) ? octets : octets.subarray(0, random.below(octets.length + 1));
}

/** An ASDU of 6 to 249 octets: of a known type and whole, broken, or of random octets. */
export function anyAsdu(random: Random): Uint8Array {
  if (random.chance(0.1)) return random.octets(6 + random.below(244));
  const type = random.pick(TYPES);
  const sq = random.chance(0.3);
  const one = type.elementOctets + (type.variable ? random.below(30) : 0);
  const most = sq ? Math.floor((249 - 9) / Math.max(one, 1)) : Math.floor((249 - 6) / (3 + one));
  const count = random.chance(0.6) ? 1 : 1 + random.below(Math.min(most, 127));
  const length = 6 + (sq ? 3 + count * one : count * (3 + one));
  const asdu = random.octets(Math.min(249, Math.max(6, length)));
  asdu[0] = type.typeId;
  asdu[1] = (sq ? 0x80 : 0) | count;
  if (type.variable && asdu.length > 10) asdu[9 + type.elementOctets - 1] = one - type.elementOctets;
  if (random.chance(0.1)) asdu[random.below(asdu.length)] = random.below(256);
  return random.chance(0.95) ? asdu : asdu.subarray(0, 6 + random.below(asdu.length - 5));
}

// ---- what is checked ----------------------------------------------------------------------------------------------

function receive(octets: Uint8Array, link: Link, now: number, wholes: number[], report: FuzzReport): void {
  for (const octet of octets) wholes.push(octet);
  for (let at = 0; at < octets.length; at = apduEnd(octets, at)) {
    report.apdus++;
    const end = apduEnd(octets, at);
    if (end > octets.length) throw new Error('the framer returned a part of an APDU');
    const format = link.receive(octets, at, now);
    if ((format === undefined) !== (link.state === 'closed')) throw new Error(`${format} in state ${link.state}`);
    // What the link refuses is decoded as well: nobody may stumble over it.
    if ((octets[at + 2]! & 1) === 0 && end - at >= 6) checkAsdu(octets.subarray(at + 6, end), report);
  }
}

function checkAsdu(asdu: Uint8Array, report: FuzzReport): void {
  const before = hexOf(asdu);
  let covered = 0;
  for (const { offset, length } of explainAsdu(asdu)) {
    if (offset !== covered) throw new Error(`explanation has a gap at ${covered}`);
    covered = offset + length;
  }
  if (covered !== asdu.length) throw new Error(`explanation ends at ${covered} of ${asdu.length}`);
  known(report, () => {
    const view = new AsduView(asdu);
    void [view.typeId, view.sq, view.count, view.cot, view.negative, view.test, view.oa, view.ca, view.ioa];
    const reply = mirror(asdu, 7, true);
    if (hexOf(reply).slice(8) !== before.slice(8)) throw new Error('mirror changed more than the cause');
  });
  known(report, () => {
    const decoded = decodeAsdu(asdu);
    if (hexOf(encodeAsdu(decoded)) !== before) throw new Error('encode(decode()) differs');
    JSON.parse(JSON.stringify(toJson(decoded)));
    if (decoded.type !== 'OPAQUE') report.decoded++;
  });
  if (hexOf(asdu) !== before) throw new Error('the input was changed');
}

function checkLink(link: Link, report: FuzzReport): void {
  if (link.outstanding < 0 || link.window < 0) throw new Error(`outstanding ${link.outstanding} window ${link.window}`);
  if (link.unacknowledged < 0) throw new Error(`unacknowledged ${link.unacknowledged}`);
  if (Number.isNaN(link.nextDeadline())) throw new Error('deadline is not a number');
  const octets = link.poll();
  if (octets !== undefined) {
    const framer = new ApduFramer();
    if (framer.feed(octets).length !== octets.length || framer.error) throw new Error('output is not whole APDUs');
  }
  for (let event = link.nextEvent(); event !== undefined; event = link.nextEvent()) {
    if (event.type !== 'failed') continue;
    count(report, event.error);
    if (link.state !== 'closed' || link.nextEvent() !== undefined) throw new Error('failed, but not the end');
  }
}

/** Fed in other pieces, the same stream gives the same APDUs and the same error. */
function checkFramer(framer: ApduFramer, stream: number[], wholes: number[], random: Random, report: FuzzReport): void {
  if (framer.error !== undefined) count(report, framer.error);
  const other = new ApduFramer();
  const again: number[] = [];
  for (let at = 0; at < stream.length;) {
    const to = at + 1 + random.below(random.chance(0.5) ? 3 : 300);
    for (const octet of other.feed(Uint8Array.from(stream.slice(at, to)))) again.push(octet);
    at = to;
  }
  if (hexOf(again) !== hexOf(wholes)) throw new Error('the APDUs depend on the cuts');
  if (other.error?.message !== framer.error?.message) throw new Error('the error depends on the cuts');
  if (other.pendingOctets !== framer.pendingOctets) throw new Error('what is pending depends on the cuts');
}

/** Only the library's own errors may be thrown. */
function known(report: FuzzReport, action: () => void): void {
  try {
    action();
  } catch (error) {
    count(report, error);
  }
}

function count(report: FuzzReport, error: unknown): void {
  if (!(error instanceof Iec104Error)) throw error;
  report.errors[error.code] = (report.errors[error.code] ?? 0) + 1;
}

// ---- means --------------------------------------------------------------------------------------------------------

/** Small and seeded (mulberry32): the same seed is the same sequence everywhere. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  uint32(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0..limit - 1 */
  below(limit: number): number {
    return Math.floor((this.uint32() / 2 ** 32) * limit);
  }

  chance(probability: number): boolean {
    return this.uint32() / 2 ** 32 < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  octets(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() & 0xff);
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function hexOf(octets: ArrayLike<number>): string {
  return Buffer.from(Uint8Array.from(octets)).toString('hex');
}

// ---- command ------------------------------------------------------------------------------------------------------

if (import.meta.main) {
  const { parseArgs } = await import('node:util');
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      cases: { type: 'string' },
      seed: { type: 'string' },
      replay: { type: 'string' },
    },
  });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
  try {
    let report: FuzzReport;
    if (values.replay === undefined) {
      console.log(`seed ${seed}`);
      report = fuzz({
        seed,
        cases: Number(values.cases ?? Infinity),
        seconds: Number(values.seconds ?? (values.cases === undefined ? 10 : Infinity)),
      });
    } else {
      report = { seed, cases: 1, octets: 0, apdus: 0, decoded: 0, errors: {} };
      runCase(Number(values.replay), report);
    }
    console.log(JSON.stringify(report));
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    console.error(`${error.message}\nagain with: node test/fuzz/fuzz.ts --replay ${error.caseSeed}`);
    process.exitCode = 1;
  }
}
