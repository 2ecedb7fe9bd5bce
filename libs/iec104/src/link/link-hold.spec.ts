import { describe, expect, it } from 'vitest';
import { UFunction, formatOf, iFormat, receiveSequence, sFormat, sendSequence, uFormat } from '../apci/apci.js';
import { Link, type LinkEvent, type LinkOptions, type LinkParameters } from './link.js';

/* Held acknowledgements: N(R) covers only what `confirm()` said. */

const ASDU = Uint8Array.of(0x64, 1, 6, 0, 1, 0, 0, 0, 0, 20);
const PARAMETERS: LinkParameters = { t1Ms: 15_000, t2Ms: 10_000, t3Ms: 60_000, k: 12, w: 8 };

function holdingLink(options: Partial<LinkOptions> = {}): Link {
  const link = new Link({ ...PARAMETERS, role: 'controlling', holdAcknowledgements: true, ...options }, 0);
  if (link.role === 'controlling') link.startDataTransfer(0);
  link.receive(uFormat(link.role === 'controlling' ? UFunction.STARTDT_CON : UFunction.STARTDT_ACT), 0, 0);
  output(link);
  events(link);
  return link;
}

function output(link: Link): string[] {
  const out: string[] = [];
  const octets = link.poll() ?? new Uint8Array(0);
  for (let at = 0; at < octets.length; at += 2 + (octets[at + 1] as number)) {
    const nr = receiveSequence(octets, at);
    if (formatOf(octets, at) === 'I') out.push(`I(${sendSequence(octets, at)},${nr})`);
    else out.push(formatOf(octets, at) === 'S' ? `S(${nr})` : `U ${(octets[at + 2] as number).toString(16)}`);
  }
  return out;
}

function events(link: Link): LinkEvent[] {
  const found: LinkEvent[] = [];
  for (let event = link.nextEvent(); event; event = link.nextEvent()) found.push(event);
  return found;
}

function receiveI(link: Link, now: number, count = 1): void {
  for (let i = 0; i < count; i++) {
    expect(link.receive(iFormat(link.received, link.acknowledged, ASDU), 0, now)).toBe('I');
  }
}

describe('nothing is acknowledged before it is confirmed', () => {
  it('not by w, not by t2', () => {
    const link = holdingLink();
    receiveI(link, 1_000, 12);
    link.onTimeout(11_000);
    expect(output(link)).toEqual([]);
    expect(link.nextDeadline()).toBe(61_000);
    expect(link.unacknowledged).toBe(12);
  });

  it('not by an I-format, which carries N(R) as far as confirmed', () => {
    const link = holdingLink();
    receiveI(link, 0, 3);
    link.send(ASDU, 0);
    link.confirm(2, 0);
    link.send(ASDU, 0);
    link.send(ASDU, 0);
    expect(output(link)).toEqual(['I(0,0)', 'I(1,2)', 'I(2,2)']);
    expect(link.unacknowledged).toBe(1);
  });

  it('not by stopDataTransfer', () => {
    const link = holdingLink();
    receiveI(link, 0, 3);
    link.confirm(2, 0);
    link.stopDataTransfer(0);
    expect(output(link)).toEqual(['S(2)', 'U 13']);
  });
});

describe('confirm', () => {
  it('of fewer than w waits for w or t2', () => {
    const link = holdingLink({ w: 4 });
    receiveI(link, 1_000, 2);
    link.confirm(2, 2_000);
    expect(output(link)).toEqual([]);
    expect(link.nextDeadline()).toBe(11_000);
    link.onTimeout(11_000);
    expect(output(link)).toEqual(['S(2)']);
  });

  it('acknowledges at once when w or more are waiting, every step', () => {
    const link = holdingLink({ w: 4 });
    receiveI(link, 0, 12);
    link.confirm(1, 0);
    expect(output(link)).toEqual(['S(1)']);
    link.confirm(5, 0);
    expect(output(link)).toEqual(['S(5)']);
    link.confirm(8, 0);
    expect(output(link)).toEqual(['S(8)']);
    // Four were waiting; now three are, so the last ones wait for t2.
    link.confirm(9, 0);
    expect(output(link)).toEqual(['S(9)']);
    link.confirm(11, 0);
    expect(output(link)).toEqual([]);
    expect(link.nextDeadline()).toBe(10_000);
  });

  it('made earlier counts when the w-th arrives', () => {
    const link = holdingLink({ w: 4 });
    receiveI(link, 0, 3);
    link.confirm(3, 0);
    expect(output(link)).toEqual([]);
    receiveI(link, 0);
    expect(output(link)).toEqual(['S(3)']);
    receiveI(link, 0, 2);
    expect(output(link)).toEqual([]);
  });

  it('after t2 of the first unacknowledged one acknowledges at once', () => {
    const link = holdingLink();
    receiveI(link, 0);
    receiveI(link, 5_000);
    link.onTimeout(10_000);
    expect(output(link)).toEqual([]);
    link.confirm(1, 10_500);
    expect(output(link)).toEqual(['S(1)']);
    // The next oldest came at 5 s: its t2 is still to come.
    link.confirm(2, 11_000);
    expect(output(link)).toEqual([]);
    expect(link.nextDeadline()).toBe(15_000);
  });

  it('never moves back and is not repeated', () => {
    const link = holdingLink({ w: 2 });
    receiveI(link, 0, 4);
    link.confirm(4, 0);
    expect(output(link)).toEqual(['S(4)']);
    link.confirm(4, 0);
    link.confirm(2, 0);
    expect(output(link)).toEqual([]);
    link.send(ASDU, 0);
    expect(output(link)).toEqual(['I(0,4)']);
  });

  it('of more than was received is a mistake of the caller', () => {
    const link = holdingLink();
    receiveI(link, 0, 2);
    expect(() => link.confirm(3, 0)).toThrow(RangeError);
    expect(() => link.confirm(NaN, 0)).toThrow(RangeError);
    expect(output(link)).toEqual([]);
  });

  it('does nothing without held acknowledgements', () => {
    const link = holdingLink({ holdAcknowledgements: false, w: 2 });
    receiveI(link, 0);
    link.confirm(1, 0);
    expect(output(link)).toEqual([]);
  });
});

it('no order of receiving and confirming leaves a closed window of k >= w without an acknowledgement to come', () => {
  // Every interleaving of k receives and up to k confirms, for small k and w.
  for (const [k, w] of [
    [3, 1],
    [3, 2],
    [3, 3],
    [4, 2],
    [4, 3],
  ] as const) {
    for (let pattern = 0; pattern < 2 ** (2 * k); pattern++) {
      const link = holdingLink({ w });
      let confirmed = 0;
      let peerSawAcked = 0;
      const take = (): void => {
        for (const text of output(link)) peerSawAcked = Number(/S\((\d+)\)/.exec(text)?.[1] ?? peerSawAcked);
      };
      for (let step = 0; step < 2 * k; step++) {
        if ((pattern >> step) & 1) {
          if (link.received - peerSawAcked < k) receiveI(link, 0);
        } else if (confirmed < link.received) link.confirm(++confirmed, 0);
        take();
        if (confirmed > peerSawAcked) {
          // Either it is not yet w, and then t2 is armed, or it was acknowledged just now.
          expect(link.received - peerSawAcked).toBeLessThan(w);
          expect(link.nextDeadline()).toBe(10_000);
        }
      }
    }
  }
});

describe('hold-limit', () => {
  it('is raised when an unconfirmed APDU has waited so long, once', () => {
    const link = holdingLink({ holdLimitMs: 14_000 });
    receiveI(link, 1_000, 2);
    receiveI(link, 3_000);
    expect(link.nextDeadline()).toBe(15_000);
    link.onTimeout(14_999);
    expect(events(link)).toEqual([]);
    link.onTimeout(15_000);
    expect(events(link)).toEqual([{ type: 'hold-limit', upTo: 2 }]);
    expect(link.nextDeadline()).toBe(17_000);
    link.onTimeout(17_000);
    expect(events(link)).toEqual([{ type: 'hold-limit', upTo: 3 }]);
    expect(link.nextDeadline()).toBe(63_000);
    // Nothing was acknowledged by that: it is for the user to decide.
    expect(output(link)).toEqual([]);
    link.confirm(3, 17_000);
    expect(output(link)).toEqual(['S(3)']);
  });

  it('one event for all that are due', () => {
    const link = holdingLink({ holdLimitMs: 14_000 });
    for (let now = 1_000; now <= 5_000; now += 1_000) receiveI(link, now);
    link.onTimeout(18_500);
    expect(events(link)).toEqual([{ type: 'hold-limit', upTo: 4 }]);
    expect(link.nextDeadline()).toBe(19_000);
  });

  it('does not come for what is confirmed, acknowledged or not', () => {
    const link = holdingLink({ holdLimitMs: 5_000 });
    receiveI(link, 1_000, 2);
    receiveI(link, 4_000);
    link.confirm(2, 4_000);
    expect(link.nextDeadline()).toBe(9_000);
    link.onTimeout(6_000);
    expect(events(link)).toEqual([]);
    link.onTimeout(9_000);
    expect(events(link)).toEqual([{ type: 'hold-limit', upTo: 3 }]);
  });

  it('does not come without held acknowledgements', () => {
    const link = holdingLink({ holdAcknowledgements: false, holdLimitMs: 1_000 });
    receiveI(link, 0);
    expect(link.nextDeadline()).toBe(10_000);
  });

  it('rounding of times cannot make its deadline come up again and again', () => {
    // 1.1 + 0.2 <= 1.3 is true of the deadline, 1.3 - 0.2 >= 1.1 is false.
    for (let i = 0; i < 2_000; i++) {
      const receivedAt = 1_000 + i * 0.1;
      const link = holdingLink({ holdLimitMs: 700.7 });
      receiveI(link, receivedAt);
      const now = link.nextDeadline();
      link.onTimeout(now);
      expect(events(link)).toEqual([{ type: 'hold-limit', upTo: 1 }]);
      expect(link.nextDeadline()).toBeGreaterThan(now);
    }
  });
});

it('the controlled station confirms STOPDT after what it holds was confirmed and acknowledged', () => {
  const link = holdingLink({ role: 'controlled' });
  receiveI(link, 0, 3);
  link.send(ASDU, 0);
  link.confirm(1, 0);
  link.receive(uFormat(UFunction.STOPDT_ACT), 0, 0);
  expect(output(link)).toEqual(['I(0,0)', 'S(1)']);
  link.receive(sFormat(1), 0, 0);
  expect([link.state, output(link)]).toEqual(['stopping', []]);
  link.confirm(2, 0);
  expect([link.state, output(link)]).toEqual(['stopping', ['S(2)']]);
  link.confirm(3, 0);
  expect([link.state, output(link)]).toEqual(['stopped', ['S(3)', 'U 23']]);
});

it('while stopping every confirmation is acknowledged at once: STOPDT con waits for it', () => {
  const link = holdingLink();
  receiveI(link, 0, 2);
  link.stopDataTransfer(0);
  receiveI(link, 0);
  expect(output(link)).toEqual(['U 13']);
  link.confirm(2, 1);
  expect(output(link)).toEqual(['S(2)']);
  link.confirm(3, 2);
  expect(output(link)).toEqual(['S(3)']);
  link.receive(uFormat(UFunction.STOPDT_CON), 0, 3);
  link.startDataTransfer(4);
  link.receive(uFormat(UFunction.STARTDT_CON), 0, 5);
  output(link);
  // Back to w.
  receiveI(link, 6, 2);
  link.confirm(5, 6);
  expect(output(link)).toEqual([]);
});

it('a peer that goes on beyond every k without an acknowledgement is closed', () => {
  const link = holdingLink();
  receiveI(link, 0, 32767);
  expect(link.state).toBe('started');
  link.receive(iFormat(32767, 0, ASDU), 0, 0);
  expect(events(link).at(-1)).toMatchObject({ type: 'failed', error: { code: 'LINK_SEQUENCE' } });
});

it('many confirmations over many reads keep the right times', () => {
  const link = holdingLink({ w: 32767, t2Ms: 200_000, t3Ms: 1e9, holdLimitMs: 100_000 });
  for (let now = 1; now <= 1_000; now++) receiveI(link, now);
  for (let upTo = 1; upTo < 1_000; upTo++) {
    link.confirm(upTo, 1_000);
    expect(link.nextDeadline()).toBe(100_000 + upTo + 1);
    if (upTo % 7 !== 0) continue;
    // Acknowledges all that is confirmed.
    link.send(ASDU, 1_000);
    link.receive(sFormat(link.sent), 0, 1_000);
  }
  link.confirm(1_000, 1_000);
  // 994 = 142 * 7 are acknowledged; t2 runs from the 995th.
  expect(link.nextDeadline()).toBe(200_000 + 995);
});
