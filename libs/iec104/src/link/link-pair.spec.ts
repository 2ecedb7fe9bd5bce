import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApduFramer } from '../apci/framer.js';
import { Iec104Error } from '../errors.js';
import { Link, type LinkOptions, type LinkRole } from './link.js';

/*
 * Two links over a lossless virtual pipe with latency and arbitrary cuts. Time is virtual and jumps to the next thing that
 * happens: an arrival, a deadline, a late confirmation, or what the two users do.
 */

interface StationPlan {
  readonly k: number;
  readonly w: number;
  readonly t2Ms: number;
  readonly t3Ms: number;
  readonly hold: boolean;
  /** Confirmations come so long after the APDU, in turn. */
  readonly confirmDelaysMs: readonly number[];
  readonly latencyMs: number;
  /** Lengths the output is cut into, in turn. */
  readonly chunkOctets: readonly number[];
}

interface Action {
  readonly atMs: number;
  readonly kind: 'start' | 'stop' | 'send';
  readonly role: LinkRole;
  readonly count: number;
}

interface Plan {
  readonly controlling: StationPlan;
  readonly controlled: StationPlan;
  readonly actions: readonly Action[];
  /** I-format APDUs exchanged in both directions before, to begin near the wrap. */
  readonly before: number;
}

const T1_MS = 15_000;
const MAX_STEPS = 50_000;

function asduOf(n: number): Uint8Array {
  return Uint8Array.of(0x64, 1, 6, 0, 1, 0, 0, n & 0xff, (n >> 8) & 0xff, n >> 16);
}

class Station {
  readonly link: Link;
  readonly framer = new ApduFramer();
  /** ASDUs its user wants sent, by number; those taken by the link; those received. */
  wanted = 0;
  taken = 0;
  got = 0;
  confirmed = 0;
  readonly confirmations: { at: number; upTo: number }[] = [];
  readonly arrivals: { at: number; octets: Uint8Array }[] = [];
  private cut = 0;
  private delay = 0;

  constructor(
    role: LinkRole,
    readonly plan: StationPlan,
  ) {
    const options: LinkOptions = { role, t1Ms: T1_MS, ...plan, holdAcknowledgements: plan.hold };
    this.link = new Link(options, 0);
  }

  nextEventAt(): number {
    return Math.min(this.link.nextDeadline(), this.arrivals[0]?.at ?? Infinity, this.confirmations[0]?.at ?? Infinity);
  }

  /** Everything that is due at `now`. */
  act(now: number): void {
    while (this.arrivals[0] !== undefined && this.arrivals[0].at <= now) {
      const octets = this.framer.feed(this.arrivals.shift()?.octets ?? new Uint8Array(0));
      for (let at = 0; at < octets.length; at += 2 + (octets[at + 1] as number)) {
        if (this.link.receive(octets, at, now) === 'I') this.take(octets, at, now);
      }
    }
    while (this.confirmations[0] !== undefined && this.confirmations[0].at <= now) {
      this.confirmed = this.confirmations.shift()?.upTo ?? 0;
      this.link.confirm(this.confirmed, now);
    }
    if (this.link.nextDeadline() <= now) this.link.onTimeout(now);
    while (this.taken < this.wanted && this.link.send(asduOf(this.taken), now)) this.taken++;
  }

  private take(octets: Uint8Array, at: number, now: number): void {
    const n = (octets[at + 13] as number) | ((octets[at + 14] as number) << 8) | ((octets[at + 15] as number) << 16);
    assert(n === this.got, 'order');
    this.got++;
    if (!this.plan.hold) {
      this.confirmed = this.got;
      return;
    }
    const delays = this.plan.confirmDelaysMs;
    const after = now + (delays[this.delay++ % delays.length] as number);
    this.confirmations.push({ at: Math.max(after, this.confirmations.at(-1)?.at ?? 0), upTo: this.got });
  }

  writeTo(peer: Station, now: number): void {
    const octets = this.link.poll();
    if (octets === undefined) return;
    for (let from = 0; from < octets.length;) {
      const length = this.plan.chunkOctets[this.cut++ % this.plan.chunkOctets.length] as number;
      peer.arrivals.push({ at: now + this.plan.latencyMs, octets: octets.slice(from, from + length) });
      from += length;
    }
  }
}

function run(plan: Plan): void {
  const master = new Station('controlling', plan.controlling);
  const rtu = new Station('controlled', plan.controlled);
  const stations = [master, rtu];
  let now = 0;
  let startWanted = false;

  const settle = (): void => {
    // Until neither has anything to say at this moment; with latency 0 that takes several rounds.
    for (let round = 0; ; round++) {
      assert(round < 200, 'settles');
      if (startWanted) master.link.startDataTransfer(now);
      else master.link.stopDataTransfer(now);
      for (const station of stations) station.act(now);
      master.writeTo(rtu, now);
      rtu.writeTo(master, now);
      for (const station of stations) checkInvariants(station, station === master ? rtu : master, now);
      if (stations.every((station) => station.nextEventAt() > now)) return;
    }
  };

  startWanted = true;
  if (plan.before > 0) exchange(master, rtu, plan.before);
  const actions = plan.actions.toSorted((a, b) => a.atMs - b.atMs);
  // At the end all are started, so that everything can be delivered.
  actions.push({ atMs: 60_000, kind: 'start', role: 'controlling', count: 0 });
  for (let step = 0; ; step++) {
    assert(step < MAX_STEPS, 'ends');
    while (actions[0] !== undefined && actions[0].atMs <= now) {
      const action = actions.shift() as Action;
      if (action.kind === 'send') (action.role === 'controlling' ? master : rtu).wanted += action.count;
      else startWanted = action.kind === 'start';
    }
    settle();
    const done =
      master.got === rtu.wanted &&
      rtu.got === master.wanted &&
      stations.every(({ link }) => link.state === 'started' && link.outstanding === 0 && link.unacknowledged === 0);
    if (done && actions.length === 0) break;
    // Each ASDU may have to wait for t2 or its confirmation; nothing may wait for more.
    const enoughMs = 60_000 + 2 * T1_MS + (master.wanted + rtu.wanted - 2 * plan.before) * T1_MS;
    if (now > enoughMs) throw new Error(`stalled: ${describeStation(master)}; ${describeStation(rtu)}`);
    now = Math.min(...stations.map((station) => station.nextEventAt()), actions[0]?.atMs ?? Infinity);
  }
}

function checkInvariants({ link, plan, confirmed, framer }: Station, peer: Station, now: number): void {
  for (let event = link.nextEvent(); event; event = link.nextEvent()) {
    if (event.type === 'failed') throw event.error;
    if (event.type === 'state' && event.to === 'stopped' && link.role === 'controlled') {
      assert(link.outstanding === 0 && link.unacknowledged === 0, 'STOPDT con with something owed');
    }
  }
  assert(framer.error === undefined, 'framer');
  assert(link.outstanding >= 0 && link.outstanding <= plan.k, 'k');
  assert(link.window === (link.state === 'started' ? plan.k - link.outstanding : 0), 'window');
  assert(link.received <= peer.link.sent, 'received more than was sent');
  assert(link.received - link.unacknowledged <= confirmed, 'acknowledged before it was confirmed');
  assert(peer.link.acknowledged <= confirmed, 'seen acknowledged before it was confirmed');
  assert(link.nextDeadline() > now, 'what was due is not done: its driver would spin');
}

/** `expect` is too slow for what is asked at every step. */
function assert(holds: boolean, what: string): void {
  if (!holds) throw new Error(`violated: ${what}`);
}

/** Exchanges `count` ASDUs in both directions within no time. */
function exchange(master: Station, rtu: Station, count: number): void {
  const pass = (from: Station, to: Station): void => {
    const octets = from.link.poll() ?? new Uint8Array(0);
    for (let at = 0; at < octets.length; at += 2 + (octets[at + 1] as number)) {
      if (to.link.receive(octets, at, 0) !== 'I') continue;
      to.confirmed = ++to.got;
      to.link.confirm(to.got, 0);
    }
  };
  master.link.startDataTransfer(0);
  pass(master, rtu);
  pass(rtu, master);
  for (let i = 0; i < count; i++) {
    for (const [from, to] of [
      [master, rtu],
      [rtu, master],
    ] as const) {
      from.link.send(asduOf(i), 0);
      from.wanted = from.taken = i + 1;
      pass(from, to);
    }
  }
}

function describeStation({ link, wanted, taken, got }: Station): string {
  return `${link.role} ${link.state} wanted ${wanted} taken ${taken} got ${got} outstanding ${link.outstanding}`;
}

const stationPlan: fc.Arbitrary<StationPlan> = fc.record({
  k: fc.integer({ min: 1, max: 12 }),
  w: fc.integer({ min: 1, max: 12 }),
  t2Ms: fc.integer({ min: 1, max: 10_000 }),
  t3Ms: fc.integer({ min: 500, max: 20_000 }),
  hold: fc.boolean(),
  confirmDelaysMs: fc.array(
    fc.integer({ min: 0, max: 80_000 }).map((tenths) => tenths / 10),
    { minLength: 1, maxLength: 5 },
  ),
  latencyMs: fc.integer({ min: 0, max: 3_000 }).map((tenths) => tenths / 10),
  chunkOctets: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
});

const action: fc.Arbitrary<Action> = fc.record({
  atMs: fc.integer({ min: 0, max: 50_000 }),
  kind: fc.constantFrom('send' as const, 'send' as const, 'send' as const, 'start' as const, 'stop' as const),
  role: fc.constantFrom('controlling' as const, 'controlled' as const),
  count: fc.integer({ min: 1, max: 40 }),
});

const plan = (before: fc.Arbitrary<number>): fc.Arbitrary<Plan> =>
  fc.record({
    controlling: stationPlan,
    controlled: stationPlan,
    actions: fc.array(action, { maxLength: 12 }),
    before,
  });

describe('two links over a lossless pipe', () => {
  it('never exceed k, deliver all in order, never stall, never fail', () => {
    fc.assert(fc.property(plan(fc.constant(0)), run), { numRuns: 300 });
  });

  it('the same around the wrap of the sequence numbers', () => {
    fc.assert(fc.property(plan(fc.integer({ min: 32_740, max: 32_768 })), run), { numRuns: 12 });
  });

  it('a peer that stops answering is noticed within t3 + t1', () => {
    fc.assert(
      fc.property(stationPlan, fc.constantFrom<LinkRole>('controlling', 'controlled'), (stationPlan, role) => {
        const link = new Link({ ...stationPlan, role, t1Ms: T1_MS, holdAcknowledgements: stationPlan.hold }, 0);
        if (role === 'controlling') link.startDataTransfer(0);
        while (link.state !== 'closed') {
          const now = link.nextDeadline();
          expect(now).toBeLessThanOrEqual(stationPlan.t3Ms + T1_MS);
          link.onTimeout(now);
          link.poll();
        }
      }),
    );
  });
});

describe('garbage', () => {
  /** Octets that look like APDUs more often than chance would make them. */
  const frame = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.constantFrom(0x07, 0x0b, 0x13, 0x23, 0x43, 0x83, 0x03, 0xff).map((fn) => Uint8Array.of(0x68, 4, fn, 0, 0, 0)),
    fc.tuple(fc.nat(3), fc.nat(3), fc.integer({ min: 0, max: 12 })).map(([ns, nr, length]) => {
      return Uint8Array.of(0x68, 4 + length, ns << 1, 0, nr << 1, 0, ...new Uint8Array(length));
    }),
    fc.tuple(fc.nat(255), fc.nat(255)).map(([low, high]) => Uint8Array.of(0x68, 4, 1, 0, low, high)),
  );
  const input = fc.oneof(
    frame.map((octets) => ({ octets, kind: 'octets' as const })),
    fc.constantFrom('send' as const, 'start' as const, 'stop' as const, 'confirm' as const).map((kind) => ({ kind })),
    fc.integer({ min: 1, max: 30_000 }).map((ms) => ({ kind: 'wait' as const, ms })),
  );

  it('ends in the state closed with an Iec104Error, nothing else gets out', () => {
    fc.assert(
      fc.property(
        fc.array(input, { maxLength: 40 }),
        fc.constantFrom<LinkRole>('controlling', 'controlled'),
        fc.boolean(),
        (inputs, role, hold) => {
          const link = new Link(
            {
              role,
              t1Ms: T1_MS,
              t2Ms: 10_000,
              t3Ms: 20_000,
              k: 3,
              w: 2,
              holdAcknowledgements: hold,
              holdLimitMs: 9_000,
            },
            0,
          );
          const framer = new ApduFramer();
          let now = 0;
          let failures = 0;
          for (const item of inputs) {
            if (item.kind === 'octets') {
              const octets = framer.feed(item.octets);
              for (let at = 0; at < octets.length; at += 2 + (octets[at + 1] as number)) {
                const format = link.receive(octets, at, now);
                expect(format === undefined).toBe(link.state === 'closed');
              }
            } else if (item.kind === 'send') link.send(asduOf(0), now);
            else if (item.kind === 'confirm') link.confirm(link.received, now);
            else if (item.kind === 'wait') {
              now += item.ms;
              link.onTimeout(now);
            } else if (role === 'controlling') {
              if (item.kind === 'start') link.startDataTransfer(now);
              else link.stopDataTransfer(now);
            }
            expect(link.outstanding).toBeLessThanOrEqual(3);
            expect(link.outstanding).toBeGreaterThanOrEqual(0);
            link.poll();
            for (let event = link.nextEvent(); event; event = link.nextEvent()) {
              expect(failures).toBe(0);
              if (event.type !== 'failed') continue;
              failures++;
              expect(event.error).toBeInstanceOf(Iec104Error);
              expect(link.state).toBe('closed');
            }
            expect(link.nextDeadline()).toBeGreaterThan(now);
          }
          expect(failures).toBe(link.state === 'closed' ? 1 : 0);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
