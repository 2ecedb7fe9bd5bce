import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UFunction, iFormat, sFormat, uFormat } from '../apci/apci.js';
import { forEachApdu } from '../apci/apdus.js';
import { ApduFramer } from '../apci/framer.js';
import { OFFENDING_OCTETS } from '../errors.js';
import { Link, type LinkEvent, type LinkOptions, type LinkRole } from './link.js';

/* What a peer sends against the rules, and how much of it the link lives with: docs/decisions/out-of-turn.md. */

const ASDU = Uint8Array.of(0x01, 1, 3, 0, 1, 0, 100, 0, 0, 1);
const OPTIONS: LinkOptions = { role: 'controlling', t1Ms: 15_000, t2Ms: 10_000, t3Ms: 20_000, k: 12, w: 2 };

function newLink(role: LinkRole = 'controlling'): Link {
  return new Link({ ...OPTIONS, role }, 0);
}

function eventsOf(link: Link): LinkEvent[] {
  const found: LinkEvent[] = [];
  for (let event = link.nextEvent(); event; event = link.nextEvent()) found.push(event);
  return found;
}

function irregularities(link: Link): string[] {
  return eventsOf(link).flatMap((event) => (event.type === 'irregular' ? [event.error.message] : []));
}

function receiveI(link: Link, now = 0): 'I' | 'S' | 'U' | undefined {
  return link.receive(iFormat(link.received, link.acknowledged, ASDU), 0, now);
}

describe('an RTU that sends between STARTDT act and its con', () => {
  it('is listened to, and acknowledged by w as ever', () => {
    const link = newLink();
    link.startDataTransfer(0);
    link.poll();
    expect([receiveI(link), link.poll()]).toEqual(['I', undefined]);
    expect(receiveI(link)).toBe('I');
    expect(link.poll()).toEqual(sFormat(2));
    link.receive(uFormat(UFunction.STARTDT_CON), 0, 1);
    expect([link.state, receiveI(link), link.received]).toEqual(['started', 'I', 3]);
    expect(irregularities(link)).toEqual(['data before STARTDT con in state starting']);
  });

  it('must confirm within t1 all the same', () => {
    const link = newLink();
    link.startDataTransfer(0);
    for (let now = 0; now < 15_000; now += 1_000) receiveI(link, now);
    link.onTimeout(15_000);
    expect(link.state).toBe('closed');
  });

  it('may not send before the act', () => {
    expect(receiveI(newLink())).toBeUndefined();
  });
});

describe.each([
  ['asked for', true],
  ['unasked', false],
])('an RTU whose STOPDT con (%s) overtakes data', (_how, isAsked) => {
  function stoppedLink(): Link {
    const link = newLink();
    link.startDataTransfer(0);
    link.receive(uFormat(UFunction.STARTDT_CON), 0, 0);
    if (isAsked) link.stopDataTransfer(0);
    link.receive(uFormat(UFunction.STOPDT_CON), 0, 1_000);
    eventsOf(link);
    link.poll();
    return link;
  }

  it('is listened to for a moment, and acknowledged at once: it may wait for that', () => {
    const link = stoppedLink();
    expect([receiveI(link, 1_000), link.poll()]).toEqual(['I', sFormat(1)]);
    expect([receiveI(link, 2_999), link.poll()]).toEqual(['I', sFormat(2)]);
    expect([link.state, link.window]).toEqual(['stopped', 0]);
    expect(irregularities(link)).toEqual(['data after STOPDT con in state stopped']);
  });

  it('that goes on sending loses its link', () => {
    const link = stoppedLink();
    receiveI(link, 2_000);
    expect(receiveI(link, 3_000)).toBeUndefined();
    expect(link.state).toBe('closed');
  });

  it('can be started again meanwhile', () => {
    const link = stoppedLink();
    receiveI(link, 1_000);
    link.startDataTransfer(1_100);
    expect(receiveI(link, 1_200)).toBe('I');
    link.receive(uFormat(UFunction.STARTDT_CON), 0, 1_300);
    expect([link.state, receiveI(link, 9_000), link.received]).toEqual(['started', 'I', 3]);
  });
});

it('a master may not send behind its STOPDT act', () => {
  const link = newLink('controlled');
  link.receive(uFormat(UFunction.STARTDT_ACT), 0, 0);
  link.receive(uFormat(UFunction.STOPDT_ACT), 0, 0);
  expect(receiveI(link)).toBeUndefined();
});

describe('what an RTU confirms unasked is what it does from then on', () => {
  it('STOPDT con: it is stopped, and can be started again on the same link', () => {
    const link = newLink();
    link.startDataTransfer(0);
    link.receive(uFormat(UFunction.STARTDT_CON), 0, 0);
    link.send(ASDU, 0);
    receiveI(link);
    eventsOf(link);
    link.receive(uFormat(UFunction.STOPDT_CON), 0, 1);
    expect([link.state, link.window]).toEqual(['stopped', 0]);
    const told = eventsOf(link);
    expect(told.map(({ type }) => type)).toEqual(['irregular', 'state']);
    link.startDataTransfer(2);
    link.receive(uFormat(UFunction.STARTDT_CON), 0, 3);
    expect([link.state, receiveI(link), link.received, link.sent]).toEqual(['started', 'I', 2, 1]);
  });

  it('STARTDT con: it is started, may send, and can be stopped', () => {
    const link = newLink();
    link.receive(uFormat(UFunction.STARTDT_CON), 0, 0);
    expect([link.state, receiveI(link)]).toEqual(['started', 'I']);
    link.stopDataTransfer(1);
    link.receive(uFormat(UFunction.STOPDT_CON), 0, 2);
    expect(link.state).toBe('stopped');
  });

  it('is told once for each kind, however often it comes', () => {
    const link = newLink();
    for (let i = 0; i < 100; i++) link.receive(uFormat(UFunction.STOPDT_CON), 0, 0);
    expect(irregularities(link)).toHaveLength(1);
    expect(link.ignored).toBe(100);
  });
});

it('what a master confirms changes nothing, in any state', () => {
  const acts = fc.array(
    fc.constantFrom(UFunction.STARTDT_ACT, UFunction.STARTDT_CON, UFunction.STOPDT_ACT, UFunction.STOPDT_CON),
  );
  fc.assert(
    fc.property(acts, (functions) => {
      const link = newLink('controlled');
      const plain = newLink('controlled');
      for (const fn of functions) {
        link.receive(uFormat(fn), 0, 0);
        if (fn !== UFunction.STARTDT_CON && fn !== UFunction.STOPDT_CON) plain.receive(uFormat(fn), 0, 0);
      }
      expect([link.state, link.poll()]).toEqual([plain.state, plain.poll()]);
    }),
  );
});

it('no order of confirmations leaves a controlling link started that its RTU has stopped, or the other way round', () => {
  const step = fc.constantFrom('start', 'stop', 'unasked start', 'unasked stop' as const);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const link = newLink();
      let rtuStarted = false;
      const says = (fn: number): void => void link.receive(Uint8Array.of(0x68, 4, fn, 0, 0, 0), 0, 0);
      for (const what of steps) {
        if (what === 'start') link.startDataTransfer(0);
        else if (what === 'stop') link.stopDataTransfer(0);
        else {
          rtuStarted = what === 'unasked start';
          says(rtuStarted ? UFunction.STARTDT_CON : UFunction.STOPDT_CON);
        }
        const sent = link.poll() ?? new Uint8Array(0);
        for (let at = 0; at < sent.length; at += 6) {
          rtuStarted = sent[at + 2] === UFunction.STARTDT_ACT;
          says(rtuStarted ? UFunction.STARTDT_CON : UFunction.STOPDT_CON);
        }
        expect(link.state).toBe(rtuStarted ? 'started' : 'stopped');
      }
    }),
  );
});

describe('how the octets of an RTU are cut into segments decides nothing', () => {
  const FUNCTIONS = {
    'STARTDT con': UFunction.STARTDT_CON,
    'STOPDT con': UFunction.STOPDT_CON,
    'TESTFR act': UFunction.TESTFR_ACT,
    'TESTFR con': UFunction.TESTFR_CON,
  };
  type Said = 'I' | keyof typeof FUNCTIONS;

  /** What a driver makes of these octets, each segment at a time: it asks for data transfer as `wanted` after each. */
  function heard(said: readonly Said[], cuts: readonly number[], wanted: boolean): { state: string; received: number } {
    const octets: number[] = [];
    let ns = 0;
    for (const each of said) octets.push(...(each === 'I' ? iFormat(ns++, 0, ASDU) : uFormat(FUNCTIONS[each])));
    const link = newLink();
    const framer = new ApduFramer();
    const ask = (): void => {
      if (wanted) link.startDataTransfer(0);
      else link.stopDataTransfer(0);
      while (link.nextEvent() !== undefined);
      link.poll();
    };
    link.startDataTransfer(0);
    link.poll();
    let at = 0;
    for (let n = 0; at < octets.length; n++) {
      const to = Math.min(octets.length, at + (cuts[n % cuts.length] ?? 1));
      const apdus = framer.feed(Uint8Array.from(octets.slice(at, to)));
      forEachApdu(apdus, 0, apdus.length, (begin) => void link.receive(apdus, begin, 0));
      ask();
      at = to;
    }
    return { state: link.state, received: link.received };
  }

  it('no event is lost and no link closed, in whichever order cons, data and tests come', () => {
    const tokens = fc.constantFrom<Said>('I', 'I', 'STARTDT con', 'STOPDT con', 'TESTFR act', 'TESTFR con');
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(tokens, { maxLength: 20 }), cuts, fc.boolean(), (said, sizes, wanted) => {
        const events = said.filter((each) => each === 'I').length;
        for (const each of [sizes, [1], [6], [10_000]]) {
          const { state, received } = heard(said, each, wanted);
          expect([state === 'closed', received]).toEqual([false, events]);
        }
      }),
    );
  });
});

it.each([
  ['an unknown U-format', Uint8Array.of(0x68, 4, 0x0f, 0, 0, 0), 'APCI_CONTROL', '5'],
  ['an I-format before STARTDT', iFormat(0, 0, ASDU), 'LINK_NOT_STARTED', '5.3'],
  ['a long one', iFormat(0, 0, new Uint8Array(249)), 'LINK_NOT_STARTED', '5.3'],
  ['an N(R) never sent', sFormat(7), 'LINK_ACKNOWLEDGE', '5.1'],
])('%s is kept with its octets and the clause', (_what, apdu, code, clause) => {
  const link = newLink('controlled');
  link.receive(Uint8Array.of(...uFormat(UFunction.TESTFR_ACT), ...apdu), 6, 0);
  const failed = eventsOf(link).find((event) => event.type === 'failed');
  expect(failed?.error).toMatchObject({ code, clause, octets: apdu.slice(0, OFFENDING_OCTETS) });
});
