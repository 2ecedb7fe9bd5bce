import { MemoryBus } from '@iec104mm2ss/bus';
import { createSilentLogger } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { Tap, type TapEnds, type TapRecord, Taps } from '@iec104mm2ss/transport';
import { CAPTURE_INTEREST_MS, type CaptureAnswer, type CaptureSegment, encodeCaptureAnswer } from '@iec104mm2ss/wire';
import { describe, expect, it } from 'vitest';
import { type Captured, CaptureSource, GATHER_MS, MAX_WAITING_OCTETS } from './capture-source.js';
import { CaptureSources } from './capture-sources.js';
import { CaptureStream } from './capture-stream.js';
import { PcapngTally } from './pcapng-tally.js';

const ends: TapEnds = {
  local: { address: '127.0.0.1', port: 2404 },
  remote: { address: '127.0.0.11', port: 40_000 },
  controlling: false,
};
const read = (length: number, received = 0, more: Partial<TapRecord> = {}): TapRecord => {
  return { kind: 'in', ends, received, sent: 0, octets: new Uint8Array(length).fill(7), aligned: true, ...more };
};
const octetsOf = (segments: readonly CaptureSegment[]): number =>
  segments.reduce((sum, { octets }) => sum + (octets?.length ?? 0), 0);
const onTheWire = (captured: Captured): Buffer =>
  encodeCaptureAnswer({ instance: 'a', group: '1', capture: 'c', ...captured });

describe('what a process captures', () => {
  function bench() {
    const clock = new FakeClock();
    const tap = new Tap();
    const handed: Captured[] = [];
    const source = new CaptureSource(tap, clock, (captured) => handed.push(captured));
    return { clock, tap, handed, source };
  }

  it('is handed on after a while, never while it is being told', () => {
    const { clock, tap, handed } = bench();
    const octets = Uint8Array.of(1, 2, 3);
    tap.tell({ ...read(3), octets });
    // Whoever told it may use its memory again.
    octets.fill(0);
    tap.tell(read(2, 3));
    expect(handed).toEqual([]);
    clock.advance(GATHER_MS);
    expect(handed).toHaveLength(1);
    expect(handed[0]).toMatchObject({ first: 0, segments: [{ received: 0 }, { received: 3 }] });
    expect(handed[0]?.segments[0]?.octets).toEqual(Buffer.of(1, 2, 3));
  });

  it('begins where an APDU begins', () => {
    const { clock, tap, handed } = bench();
    tap.tell(read(5, 100, { aligned: false }));
    tap.tell(read(6, 105));
    tap.tell(read(6, 111, { aligned: false }));
    clock.advance(GATHER_MS);
    expect(handed.flatMap(({ segments }) => segments.map(({ received }) => received))).toEqual([105, 111]);
  });

  it('is bounded: what is too much is left out and counted, and then it goes on', () => {
    const { clock, tap, handed, source } = bench();
    const size = 50_000;
    const told = 2 * Math.ceil(MAX_WAITING_OCTETS / size);
    for (let i = 0; i < told; i++) tap.tell(read(size, i * size));
    clock.advance(GATHER_MS);
    const octets = handed.reduce((sum, { segments }) => sum + octetsOf(segments), 0);
    expect(octets).toBeLessThanOrEqual(MAX_WAITING_OCTETS);
    expect(octets).toBeGreaterThan(MAX_WAITING_OCTETS - 2 * size);
    // NATS takes 1 MB.
    for (const captured of handed) expect(onTheWire(captured).length).toBeLessThan(600_000);
    // The end of it is told, even though nothing follows.
    expect(handed.at(-1)).toEqual({ first: told, segments: [] });
    const { segments, leftOut } = source.figures;
    expect([segments, segments - leftOut]).toEqual([told, handed.flatMap((each) => each.segments).length]);
    tap.tell(read(4, 9));
    clock.advance(GATHER_MS);
    expect(handed.at(-1)).toMatchObject({ first: told, segments: [{ received: 9 }] });
  });

  it('cuts what is written at once, so that every message stays small', () => {
    const { clock, tap, handed } = bench();
    tap.tell({ kind: 'out', ends, received: 5, sent: 100, octets: new Uint8Array(200_000) });
    clock.advance(GATHER_MS);
    const segments = handed.flatMap((each) => each.segments);
    expect(octetsOf(segments)).toBe(200_000);
    expect(segments.map(({ sent }) => sent)).toEqual([100, 65_636, 131_172, 196_708]);
  });
});

/** A process, and who captures in it. */
function processes() {
  const clock = new FakeClock();
  const taps = new Taps();
  const runtime = { clock, instance: 'a' };
  const groups = { current: [{ id: '1' }] } as unknown as ConstructorParameters<typeof CaptureSources>[3];
  const sources = new CaptureSources(taps, runtime, createSilentLogger(), groups, { parts: ['gateway'] });
  const answers: Omit<CaptureAnswer, 'v'>[] = [];
  const ended: string[] = [];
  const ask = (capture = 'c', group = '1', name = capture): void =>
    sources.ask({ by: 'b', group, capture }, { send: (answer) => answers.push(answer), end: () => ended.push(name) });
  return { clock, taps, sources, answers, ended, ask };
}

describe('a process that is asked', () => {
  it('listens as long as it is asked again, answers who asked last, and listens no longer', () => {
    const { clock, taps, answers, ended, ask } = processes();
    const tap = taps.of('1');
    ask('c', '1', 'first');
    expect(answers).toMatchObject([{ instance: 'a', first: 0, segments: [] }]);
    tap.tell(read(3));
    clock.advance(CAPTURE_INTEREST_MS - 1_000);
    ask('c', '1', 'second');
    expect(ended).toEqual(['first']);
    clock.advance(CAPTURE_INTEREST_MS - 1_000);
    expect(tap.listening).toBe(true);
    clock.advance(1_000);
    expect(tap.listening).toBe(false);
    expect(ended).toEqual(['first', 'second']);
    expect(answers.flatMap(({ segments }) => segments)).toHaveLength(1);
  });

  it('says nothing of a group that is not its own', () => {
    const { answers, ended, ask } = processes();
    ask('c', '2');
    expect([answers, ended]).toEqual([[], ['c']]);
  });

  it('does so for a few at a time, and tells the others', () => {
    const { answers, ended, ask } = processes();
    for (let i = 0; i < 9; i++) ask(`c${i}`);
    expect(answers.at(-1)?.refused).toContain('8 captures');
    expect(ended).toEqual(['c8']);
  });

  it('stops listening when it ends', () => {
    const { taps, sources, ended, ask } = processes();
    ask();
    sources.onApplicationShutdown();
    expect(taps.of('1').listening).toBe(false);
    expect(ended).toEqual(['c']);
  });
});

describe('a capture as a file', () => {
  /** Answers come over a bus, or from this process. */
  function stream({ own }: { own?: CaptureSources } = {}) {
    const clock = new FakeClock();
    const bus = new MemoryBus({ clock });
    const asked: { capture: string }[] = [];
    let answer: (data: Uint8Array) => void = () => undefined;
    const nats = {
      kind: 'nats' as const,
      connected: true,
      drops: bus.drops,
      askAll: (_subject: string, data: Uint8Array, onAnswer: (answer: Uint8Array) => void) => {
        asked.push(JSON.parse(Buffer.from(data).toString()) as { capture: string });
        answer = onAnswer;
        return { unsubscribe: () => undefined };
      },
    };
    const output = { full: false, writes: 0 };
    const names: string[] = [];
    const tally = new PcapngTally((name) => names.push(name));
    const refused: string[] = [];
    const capturing = new CaptureStream(
      { bus: own === undefined ? nats : bus, clock, by: 'b', group: '1', capture: 'c', own },
      // In pieces, as they come over a network.
      {
        write: (block) => {
          output.writes++;
          for (let at = 0; at < block.length; at += 7) tally.feed(block.subarray(at, at + 7));
        },
        full: () => output.full,
      },
      (instance, reason) => refused.push(`${instance}: ${reason}`),
    );
    const say = (first: number, count: number, more: Partial<CaptureAnswer> = {}): void => {
      const segment: CaptureSegment = {
        ...{ kind: 'in', at: 1_000.5, local: ['127.0.0.1', 2404], remote: ['127.0.0.11', 40_000] },
        ...{ controlling: false, received: 0, sent: 0, octets: Buffer.from('680407000000', 'hex') },
      };
      const segments = Array<CaptureSegment>(count).fill(segment);
      answer(encodeCaptureAnswer({ instance: 'a', group: '1', capture: 'c', first, segments, ...more }));
    };
    return { clock, bus, asked, output, names, tally: tally.tally, refused, capturing, say };
  }

  it('says what was left out: by who captured, on the way, and here', () => {
    const { output, names, tally, capturing, say } = stream();
    say(0, 0);
    say(0, 2);
    expect([tally.packets, tally.leftOut]).toEqual([2, 0]);
    // Three were lost.
    say(5, 1);
    expect([tally.packets, tally.leftOut]).toEqual([3, 3]);
    output.full = true;
    say(6, 4);
    expect(tally.packets).toBe(3);
    output.full = false;
    say(10, 1);
    expect([tally.packets, tally.leftOut]).toEqual([4, 7]);
    // Nothing follows these.
    say(13, 0);
    capturing.end();
    expect([tally.packets, tally.leftOut]).toEqual([4, 9]);
    expect(names).toEqual(['a', 'a:masters-2404']);
  });

  it('writes what comes together at once: a write costs more than making what is written', () => {
    const { output, tally, say } = stream();
    say(0, 0);
    const before = output.writes;
    say(0, 500);
    expect([tally.packets, output.writes - before]).toEqual([500, 1]);
  });

  it('says what was left out within a second, even if nothing follows', () => {
    const { clock, tally, say } = stream();
    say(0, 0);
    say(4, 0);
    expect(tally.leftOut).toBe(0);
    clock.advance(1_000);
    expect(tally.leftOut).toBe(4);
  });

  it('asks again, and not after its end', () => {
    const { clock, asked, capturing } = stream();
    clock.advance(3 * CAPTURE_INTEREST_MS);
    expect(asked.length).toBeGreaterThan(8);
    expect(new Set(asked.map(({ capture }) => capture))).toEqual(new Set(['c']));
    capturing.end();
    const count = asked.length;
    clock.advance(CAPTURE_INTEREST_MS);
    expect(asked).toHaveLength(count);
  });

  it('counts answers that are none, and tells who refuses', () => {
    const { bus, names, refused, say } = stream();
    say(0, 0, { refused: 'too many' });
    say(-1, 0);
    say(0, 0, { capture: 'of somebody else' });
    expect(refused).toEqual(['a: too many']);
    expect(bus.drops.all()).toMatchObject([{ kind: 'ctl.capture', count: 1 }]);
    expect(names).toEqual([]);
  });

  it('of one process goes without the bus', () => {
    const { taps, sources } = processes();
    const { names, capturing } = stream({ own: sources });
    expect(names).toEqual(['a']);
    expect(taps.of('1').listening).toBe(true);
    capturing.end();
    expect(taps.of('1').listening).toBe(false);
  });
});
