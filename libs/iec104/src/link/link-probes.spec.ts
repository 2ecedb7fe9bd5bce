import { describe, expect, it } from 'vitest';
import { iFormat, sFormat, uFormat, UFunction } from '../apci/apci.js';
import { Durations, type LinkFigures } from './durations.js';
import { Link, type LinkOptions, type ProbeOptions } from './link.js';

const ASDU = Uint8Array.of(0x64, 1, 6, 0, 1, 0, 0, 0, 0, 20);
const PARAMETERS = { t1Ms: 15_000, t2Ms: 10_000, t3Ms: 20_000, k: 12, w: 8 };
const BOUNDS = [5, 50, 500];
const TESTFR_ACT = 0x43;

function bench(probes?: Partial<ProbeOptions>, options: Partial<LinkOptions> = {}) {
  const figures: LinkFigures = {
    tests: new Durations(BOUNDS),
    acknowledgements: new Durations(BOUNDS),
    received: { i: 0, s: 0, u: 0 },
    sent: { i: 0, s: 0, u: 0 },
  };
  const full = { everyMs: 10_000, firstMs: 4_000, idleToo: true, ...probes };
  const link = new Link(
    { ...PARAMETERS, role: 'controlled', figures, ...(probes === undefined ? {} : { probes: full }), ...options },
    0,
  );
  link.receive(uFormat(UFunction.STARTDT_ACT), 0, 0);
  link.poll();
  /** When TESTFR act went out, until `end`; what is owed is answered `answerMs` later, or not at all. */
  const run = (begin: number, end: number, answerMs = Infinity): number[] => {
    const sent: number[] = [];
    const due: number[] = [];
    for (let now = begin; now <= end && link.state !== 'closed'; now++) {
      if (due[0] === now) {
        due.shift();
        link.receive(uFormat(UFunction.TESTFR_CON), 0, now);
      }
      link.onTimeout(now);
      const octets = link.poll();
      if (octets !== undefined && octets[2] === TESTFR_ACT) {
        sent.push(now);
        due.push(now + answerMs);
      }
    }
    return sent;
  };
  const failure = (): string | undefined => {
    for (let event = link.nextEvent(); event; event = link.nextEvent())
      if (event.type === 'failed') return event.error.code;
    return undefined;
  };
  const receiveI = (now: number): void => void link.receive(iFormat(link.received, link.sent, ASDU), 0, now);
  return { link, figures, run, failure, receiveI };
}

describe('probes', () => {
  it('there are none unless they are asked for: t3 tests the link, which is measured, too', () => {
    const { run, figures } = bench();
    expect(run(1, 70_000, 30)).toEqual([20_000, 40_030, 60_060]);
    expect(figures.tests.counts).toEqual([0, 3, 0, 0]);
    expect(figures.tests.sumMs).toBe(90);
  });

  it('an idle link is probed every ten seconds, from a time of its own on', () => {
    const { run, figures, link } = bench({});
    expect(link.nextDeadline()).toBe(4_000);
    expect(run(1, 40_000, 3)).toEqual([4_000, 14_000, 24_000, 34_000]);
    expect(figures.tests.counts).toEqual([4, 0, 0, 0]);
  });

  it('a busy link is probed as often', () => {
    const { link, figures, receiveI } = bench({ idleToo: false });
    const sent: number[] = [];
    for (let now = 500; now <= 35_000; now += 500) {
      receiveI(now);
      const octets = link.poll();
      const act = octets !== undefined && [...octets].some((_, at) => at % 6 === 2 && octets[at] === TESTFR_ACT);
      if (act) {
        sent.push(now);
        link.receive(uFormat(UFunction.TESTFR_CON), 0, now + 40);
      }
    }
    expect(sent).toEqual([4_000, 14_000, 24_000, 34_000]);
    expect(figures.tests.counts).toEqual([0, 4, 0, 0]);
  });

  it('a link that is to be quiet is not probed while nothing passes, nor because of the tests of its peer', () => {
    const { link, run, receiveI } = bench({ idleToo: false }, { t3Ms: 172_800_000 });
    expect(link.nextDeadline()).toBe(172_800_000);
    expect(run(1, 50_000)).toEqual([]);
    link.receive(uFormat(UFunction.TESTFR_ACT), 0, 50_001);
    expect(link.poll()).toEqual(uFormat(UFunction.TESTFR_CON));
    receiveI(60_000);
    expect(run(60_000, 60_000)).toEqual([60_000]);
  });

  it('one that is not answered closes nothing and is the only one, as long as the peer says anything else', () => {
    const { link, run, failure, receiveI } = bench({});
    expect(run(1, 4_000)).toEqual([4_000]);
    for (let now = 5_000; now < 300_000; now += 5_000) {
      receiveI(now);
      expect(run(now, now + 4_999)).toEqual([]);
    }
    expect(link.state).toBe('started');
    expect(failure()).toBeUndefined();
    // Then t3 asks, and such a peer may answer that.
    expect(run(300_000, 330_000, 10)).toEqual([315_000, 324_000]);
    expect(link.state).toBe('started');
  });

  it('a dead peer is found as soon as without them: t3 and t1 after it was last heard of', () => {
    for (const probes of [undefined, {}]) {
      const { link, run, failure } = bench(probes);
      run(1, 34_999);
      expect(link.state).toBe('started');
      run(35_000, 35_000);
      expect(link.state).toBe('closed');
      expect(failure()).toBe('LINK_T1_U');
    }
  });

  it('a test that is wanted while a probe is under way makes its answer due; it proves what was sent before the probe', () => {
    const { link, run, failure } = bench({});
    link.send(ASDU, 3_000);
    expect(run(1, 4_000)).toEqual([4_000]);
    link.send(ASDU, 4_100);
    link.test(5_000);
    expect(link.poll()?.[2]).not.toBe(TESTFR_ACT);
    expect(link.nextDeadline()).toBeLessThanOrEqual(20_000);
    const other = bench({});
    other.run(1, 4_000);
    other.link.test(5_000);
    other.run(5_000, 20_000);
    expect(other.failure()).toBe('LINK_T1_U');
    link.receive(uFormat(UFunction.TESTFR_CON), 0, 5_500);
    expect(link.read).toBe(1);
    link.test(5_600);
    link.receive(uFormat(UFunction.TESTFR_CON), 0, 5_700);
    expect(link.read).toBe(2);
    expect(failure()).toBeUndefined();
  });

  it('TESTFR con that nobody waits for measures nothing', () => {
    const { link, figures } = bench({});
    link.receive(uFormat(UFunction.TESTFR_CON), 0, 100);
    expect(figures.tests.count).toBe(0);
    expect(link.ignored).toBe(1);
  });
});

describe('how long acknowledgements take', () => {
  it('is counted for each I-format APDU, from when it was sent', () => {
    const { link, figures } = bench();
    for (const now of [100, 100, 140, 600]) link.send(ASDU, now);
    link.receive(sFormat(1), 0, 104);
    link.receive(sFormat(3), 0, 145);
    link.receive(sFormat(3), 0, 150);
    expect(figures.acknowledgements.counts).toEqual([2, 1, 0, 0]);
    link.receive(iFormat(0, 4, ASDU), 0, 2_000);
    expect(figures.acknowledgements).toMatchObject({ counts: [2, 1, 0, 1], sumMs: 4 + 45 + 5 + 1_400, count: 4 });
  });

  it('over more than 2^15 of them, in runs of any size', () => {
    const { link, figures } = bench(undefined, { k: 100 });
    let sent = 0;
    for (let now = 1; sent < 40_000; now += 10) {
      const size = 1 + (now % 97);
      for (let i = 0; i < size; i++) if (link.send(ASDU, now)) sent++;
      link.receive(sFormat(sent & 0x7fff), 0, now + 1);
      link.poll();
    }
    expect(figures.acknowledgements.counts).toEqual([sent, 0, 0, 0]);
    expect(figures.acknowledgements.sumMs).toBe(sent);
  });
});

describe('durations', () => {
  it('a bound belongs to its bucket, as Prometheus has it', () => {
    const durations = new Durations(BOUNDS);
    for (const ms of [0, 5, 5.1, 50, 500, 501]) durations.add(ms);
    expect(durations.counts).toEqual([2, 2, 1, 1]);
  });
});

it('APDUs are counted by direction and format, those of a run one by one', () => {
  const { link, figures, receiveI } = bench(undefined, { w: 2 });
  receiveI(1);
  receiveI(2);
  link.onTimeout(3);
  link.poll();
  expect(figures.received).toEqual({ i: 2, s: 0, u: 1 });
  expect(figures.sent).toEqual({ i: 0, s: 1, u: 1 });
  const three = Buffer.concat([0, 1, 2].map(() => iFormat(0, 0, ASDU)));
  link.sendApdus(three, 0, three.length, 4);
  link.send(ASDU, 4);
  link.receive(sFormat(link.sent), 0, 5);
  link.receive(uFormat(UFunction.TESTFR_ACT), 0, 6);
  expect(figures.sent).toEqual({ i: 4, s: 1, u: 2 });
  expect(figures.received).toEqual({ i: 2, s: 1, u: 2 });
});
