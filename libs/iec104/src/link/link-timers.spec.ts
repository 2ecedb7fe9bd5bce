import { describe, expect, it } from 'vitest';
import {
  SEQUENCE_MODULO,
  UFunction,
  formatOf,
  iFormat,
  receiveSequence,
  sFormat,
  sendSequence,
  uFormat,
} from '../apci/apci.js';
import { Iec104Error } from '../errors.js';
import { Link, type LinkOptions, type LinkParameters, type LinkRole } from './link.js';

const ASDU = Uint8Array.of(0x64, 1, 6, 0, 1, 0, 0, 0, 0, 20);
const PARAMETERS: LinkParameters = { t1Ms: 15_000, t2Ms: 10_000, t3Ms: 20_000, k: 12, w: 8 };

function startedLink(options: Partial<LinkOptions> = {}, now = 0): Link {
  const link = new Link({ ...PARAMETERS, role: 'controlled', ...options }, now);
  if (link.role === 'controlling') link.startDataTransfer(now);
  link.receive(uFormat(link.role === 'controlling' ? UFunction.STARTDT_CON : UFunction.STARTDT_ACT), 0, now);
  effects(link);
  return link;
}

/** Output as text; events are dropped. */
function effects(link: Link): string[] {
  const out: string[] = [];
  const octets = link.poll() ?? new Uint8Array(0);
  for (let at = 0; at < octets.length; at += 2 + (octets[at + 1] as number)) {
    const nr = receiveSequence(octets, at);
    if (formatOf(octets, at) === 'I') out.push(`I(${sendSequence(octets, at)},${nr})`);
    else out.push(formatOf(octets, at) === 'S' ? `S(${nr})` : `U ${(octets[at + 2] as number).toString(16)}`);
  }
  while (link.nextEvent() !== undefined);
  return out;
}

function failure(link: Link): string | undefined {
  for (let event = link.nextEvent(); event; event = link.nextEvent()) {
    if (event.type === 'failed') return event.error.code;
  }
  return undefined;
}

function receiveI(link: Link, now: number, count = 1): void {
  for (let i = 0; i < count; i++) {
    expect(link.receive(iFormat(link.received, link.acknowledged, ASDU), 0, now)).toBe('I');
  }
}

/** `count` I-format APDUs back to back, as a framer returns them, with sequence numbers that must be written anew. */
function apdus(count: number): Uint8Array {
  return Uint8Array.from(Array.from({ length: count }, (_, i) => [...iFormat(999 + i, 777, ASDU)]).flat());
}

describe('k', () => {
  it('closes the window after k unacknowledged APDUs and opens it by what N(R) covers', () => {
    const link = startedLink({ k: 3 });
    expect(link.window).toBe(3);
    expect([1, 2, 3].map(() => link.send(ASDU, 0))).toEqual([true, true, true]);
    expect([link.window, link.outstanding, link.send(ASDU, 0)]).toEqual([0, 3, false]);
    link.receive(sFormat(1), 0, 0);
    expect([link.window, link.send(ASDU, 0), link.send(ASDU, 0)]).toEqual([1, true, false]);
    receiveI(link, 0);
    link.receive(iFormat(1, 4, ASDU), 0, 0);
    expect([link.window, link.acknowledged, link.sent]).toEqual([3, 4, 4]);
  });

  it('k = 1 sends one at a time', () => {
    const link = startedLink({ k: 1, w: 1 });
    for (let i = 0; i < 5; i++) {
      expect([link.send(ASDU, i), link.send(ASDU, i)]).toEqual([true, false]);
      link.receive(sFormat(i + 1), 0, i);
    }
    expect(link.sent).toBe(5);
  });

  it('sendApdus sends what the window allows and says where the rest begins', () => {
    const link = startedLink({ k: 5 });
    const octets = apdus(8);
    expect(link.sendApdus(octets, 0, octets.length, 0)).toBe(5 * 16);
    expect(link.sendApdus(octets, 80, octets.length, 0)).toBe(80);
    expect(effects(link)).toEqual(['I(0,0)', 'I(1,0)', 'I(2,0)', 'I(3,0)', 'I(4,0)']);
    link.receive(sFormat(4), 0, 0);
    expect(link.sendApdus(octets, 80, 80 + 32, 0)).toBe(112);
    expect(effects(link)).toEqual(['I(5,0)', 'I(6,0)']);
    expect(link.sendApdus(octets, 112, 128, 0)).toBe(128);
    expect(link.sendApdus(octets, 128, 128, 0)).toBe(128);
    expect(link.outstanding).toBe(4);
  });

  it('sendApdus leaves its input alone and copies every octet behind the control field', () => {
    const link = startedLink();
    const asdu = Uint8Array.from({ length: 249 }, (_, i) => i);
    const octets = Uint8Array.of(...iFormat(5, 6, asdu), ...iFormat(7, 8, ASDU));
    const before = octets.slice();
    link.sendApdus(octets, 0, octets.length, 0);
    expect(octets).toEqual(before);
    expect(link.poll()).toEqual(Uint8Array.of(...iFormat(0, 0, asdu), ...iFormat(1, 0, ASDU)));
  });

  it('nothing is sent unless started', () => {
    const link = new Link({ ...PARAMETERS, role: 'controlled' }, 0);
    const octets = apdus(1);
    expect([link.window, link.send(ASDU, 0), link.sendApdus(octets, 0, octets.length, 0)]).toEqual([0, false, 0]);
    expect(link.poll()).toBeUndefined();
  });

  it('send refuses what no APDU can carry, window or not', () => {
    for (const link of [startedLink(), new Link({ ...PARAMETERS, role: 'controlled' }, 0)]) {
      expect(() => link.send(new Uint8Array(5), 0)).toThrow(Iec104Error);
      expect(() => link.send(new Uint8Array(250), 0)).toThrow(Iec104Error);
      expect(link.poll()).toBeUndefined();
      expect(link.sent).toBe(0);
    }
  });
});

describe('w', () => {
  it('one S-format after w received, none before', () => {
    const link = startedLink({ w: 3 });
    receiveI(link, 0, 2);
    expect(effects(link)).toEqual([]);
    receiveI(link, 0);
    expect(effects(link)).toEqual(['S(3)']);
    expect(effects(link)).toEqual([]);
    receiveI(link, 0, 2);
    expect(effects(link)).toEqual([]);
    receiveI(link, 0);
    expect(effects(link)).toEqual(['S(6)']);
  });

  it('one S-format for all of one turn', () => {
    const link = startedLink({ w: 3 });
    receiveI(link, 0, 8);
    expect(effects(link)).toEqual(['S(8)']);
  });

  it('a sent I-format carries the acknowledgement: no S-format as well', () => {
    for (const respond of [(link: Link) => link.send(ASDU, 0), (link: Link) => link.sendApdus(apdus(1), 0, 16, 0)]) {
      const link = startedLink({ w: 3 });
      receiveI(link, 0, 4);
      respond(link);
      expect(effects(link)).toEqual(['I(0,4)']);
      expect(link.unacknowledged).toBe(0);
      expect(link.nextDeadline()).toBe(PARAMETERS.t1Ms);
      // And it counts from there.
      receiveI(link, 0, 2);
      expect(effects(link)).toEqual([]);
      receiveI(link, 0);
      expect(effects(link)).toEqual(['S(7)']);
    }
  });

  it('what arrives after the I-format, in the same turn, counts from one', () => {
    const link = startedLink({ w: 3 });
    receiveI(link, 0, 3);
    link.send(ASDU, 0);
    receiveI(link, 0);
    expect(effects(link)).toEqual(['I(0,3)']);
    expect(link.unacknowledged).toBe(1);
  });

  it('all APDUs of one sendApdus carry the same N(R)', () => {
    const link = startedLink();
    receiveI(link, 0, 2);
    link.sendApdus(apdus(2), 0, 32, 0);
    expect(effects(link)).toEqual(['I(0,2)', 'I(1,2)']);
  });
});

describe('t1 of I-format APDUs', () => {
  it('runs from the oldest unacknowledged one, not re-armed by newer ones', () => {
    const link = startedLink({ t3Ms: 60_000 });
    link.send(ASDU, 1_000);
    for (let now = 2_000; now < 12_000; now += 1_000) link.send(ASDU, now);
    expect(link.nextDeadline()).toBe(16_000);
    link.onTimeout(15_999);
    expect(link.state).toBe('started');
    link.onTimeout(16_000);
    expect([link.state, failure(link)]).toEqual(['closed', 'LINK_T1_I']);
  });

  it('after a partial acknowledgement runs from when the now oldest was sent, not from the acknowledgement', () => {
    const link = startedLink({ t3Ms: 60_000 });
    link.send(ASDU, 1_000);
    link.send(ASDU, 3_000);
    link.send(ASDU, 3_000);
    link.send(ASDU, 7_000);
    link.receive(sFormat(1), 0, 14_000);
    expect(link.nextDeadline()).toBe(18_000);
    // One of two that were sent at the same time.
    link.receive(sFormat(2), 0, 15_000);
    expect(link.nextDeadline()).toBe(18_000);
    link.receive(sFormat(3), 0, 16_000);
    expect(link.nextDeadline()).toBe(22_000);
    link.receive(sFormat(3), 0, 17_000);
    expect(link.nextDeadline()).toBe(22_000);
    link.receive(sFormat(4), 0, 21_999);
    expect(link.nextDeadline()).toBe(81_999);
  });

  it('is not served by anything but N(R)', () => {
    const link = startedLink({ t3Ms: 60_000 });
    link.send(ASDU, 0);
    link.receive(uFormat(UFunction.TESTFR_ACT), 0, 14_000);
    receiveI(link, 14_000);
    link.onTimeout(15_000);
    expect([link.state, failure(link)]).toEqual(['closed', 'LINK_T1_I']);
  });

  it('runs on while stopping', () => {
    const link = startedLink({ t3Ms: 60_000 });
    link.send(ASDU, 0);
    link.receive(uFormat(UFunction.STOPDT_ACT), 0, 14_000);
    link.onTimeout(15_000);
    expect(failure(link)).toBe('LINK_T1_I');
  });
});

describe('t1 of U-format acts', () => {
  it('STARTDT', () => {
    const link = new Link({ ...PARAMETERS, role: 'controlling' }, 0);
    link.startDataTransfer(2_000);
    expect(link.nextDeadline()).toBe(17_000);
    link.onTimeout(16_999);
    expect(link.state).toBe('starting');
    link.onTimeout(17_000);
    expect([link.state, failure(link)]).toEqual(['closed', 'LINK_T1_U']);
  });

  it('STOPDT', () => {
    const link = startedLink({ role: 'controlling' });
    link.stopDataTransfer(2_000);
    expect(link.nextDeadline()).toBe(17_000);
    link.onTimeout(17_000);
    expect([link.state, failure(link)]).toEqual(['closed', 'LINK_T1_U']);
  });

  it('TESTFR', () => {
    const link = startedLink();
    link.onTimeout(20_000);
    expect(link.nextDeadline()).toBe(35_000);
    link.onTimeout(35_000);
    expect([link.state, failure(link)]).toEqual(['closed', 'LINK_T1_U']);
  });

  it('a confirmation in time ends it', () => {
    const link = new Link({ ...PARAMETERS, role: 'controlling' }, 0);
    link.startDataTransfer(0);
    link.receive(uFormat(UFunction.STARTDT_CON), 0, 14_999);
    link.stopDataTransfer(20_000);
    link.receive(uFormat(UFunction.STOPDT_CON), 0, 34_000);
    expect(link.nextDeadline()).toBe(54_000);
    link.onTimeout(54_000);
    link.receive(uFormat(UFunction.TESTFR_CON), 0, 60_000);
    expect([link.state, link.nextDeadline()]).toEqual(['stopped', 80_000]);
  });
});

describe('t2', () => {
  it('runs from the first unacknowledged received APDU, not re-armed by later ones', () => {
    const link = startedLink();
    receiveI(link, 1_000);
    receiveI(link, 5_000);
    receiveI(link, 10_999);
    expect(link.nextDeadline()).toBe(11_000);
    link.onTimeout(10_999);
    expect(effects(link)).toEqual([]);
    link.onTimeout(11_000);
    // Owed now: not a deadline any more, or its driver would spin until it polls.
    expect(link.nextDeadline()).toBe(30_999);
    expect(effects(link)).toEqual(['S(3)']);
    expect(link.nextDeadline()).toBe(30_999);
  });

  it('starts anew with the first one received after an acknowledgement', () => {
    const link = startedLink({ w: 2 });
    receiveI(link, 1_000, 2);
    expect(effects(link)).toEqual(['S(2)']);
    receiveI(link, 9_000);
    expect(link.nextDeadline()).toBe(19_000);
  });

  it('stops the S-format from being needed when an I-format goes first', () => {
    const link = startedLink();
    receiveI(link, 1_000);
    link.onTimeout(11_000);
    link.send(ASDU, 11_000);
    expect(effects(link)).toEqual(['I(0,1)']);
  });
});

describe('t3', () => {
  it('expiry sends one TESTFR act in any state, any role', () => {
    for (const role of ['controlling', 'controlled'] satisfies LinkRole[]) {
      for (const link of [new Link({ ...PARAMETERS, role }, 0), startedLink({ role })]) {
        expect(link.nextDeadline()).toBe(20_000);
        link.onTimeout(19_999);
        expect(effects(link)).toEqual([]);
        link.onTimeout(20_000);
        expect(effects(link)).toEqual(['U 43']);
      }
    }
  });

  it('is restarted by every frame received', () => {
    for (const apdu of [sFormat(0), uFormat(UFunction.TESTFR_ACT), uFormat(UFunction.TESTFR_CON)]) {
      const link = startedLink();
      link.receive(apdu, 0, 5_000);
      expect(link.nextDeadline()).toBe(25_000);
    }
    const link = startedLink({ t2Ms: 50_000 });
    receiveI(link, 5_000);
    expect(link.nextDeadline()).toBe(25_000);
  });

  it('is not restarted by what is sent: only an answer shows that the peer is alive', () => {
    const link = startedLink({ t1Ms: 60_000 });
    link.send(ASDU, 19_000);
    expect(link.nextDeadline()).toBe(20_000);
  });

  it('a second expiry while TESTFR con is missing does not re-arm its t1', () => {
    const link = startedLink({ t1Ms: 15_000, t2Ms: 8_000, t3Ms: 4_000 });
    link.onTimeout(4_000);
    expect(effects(link)).toEqual(['U 43']);
    for (const now of [5_000, 12_000]) {
      link.receive(sFormat(0), 0, now);
      link.onTimeout(now + 4_000);
      expect(effects(link)).toEqual([]);
    }
    expect(link.nextDeadline()).toBe(19_000);
    link.onTimeout(19_000);
    expect(failure(link)).toBe('LINK_T1_U');
  });

  it('a test asked for shows, once confirmed, what the peer has read; one at a time', () => {
    const link = startedLink();
    for (let i = 0; i < 3; i++) link.send(ASDU, 0);
    link.receive(sFormat(1), 0, 0);
    expect(link.read).toBe(1);
    link.test(1_000);
    link.send(ASDU, 1_000);
    link.test(2_000);
    expect(effects(link)).toEqual(['I(0,0)', 'I(1,0)', 'I(2,0)', 'U 43', 'I(3,0)']);
    expect([link.read, link.nextDeadline()]).toEqual([1, 15_000]);
    link.receive(uFormat(UFunction.TESTFR_CON), 0, 3_000);
    expect([link.read, link.acknowledged]).toEqual([3, 1]);
    // Nobody asked: it says nothing about the fourth.
    link.receive(uFormat(UFunction.TESTFR_CON), 0, 3_000);
    expect([link.read, link.ignored]).toEqual([3, 1]);
    link.receive(sFormat(4), 0, 3_000);
    expect(link.read).toBe(4);
    link.test(4_000);
    effects(link);
    link.onTimeout(19_000);
    expect(failure(link)).toBe('LINK_T1_U');
  });

  it('runs again after TESTFR con', () => {
    const link = startedLink({ t1Ms: 15_000, t3Ms: 4_000 });
    link.onTimeout(4_000);
    link.receive(sFormat(0), 0, 5_000);
    link.onTimeout(9_000);
    effects(link);
    link.receive(uFormat(UFunction.TESTFR_CON), 0, 10_000);
    expect(link.nextDeadline()).toBe(14_000);
    link.onTimeout(14_000);
    expect(effects(link)).toEqual(['U 43']);
  });
});

describe('sequence numbers', () => {
  it('wrap at 32767 in both directions, running counts go on', () => {
    const link = startedLink({ k: 12, w: 8 });
    const total = 2 * SEQUENCE_MODULO + 100;
    const seen = new Map<number, string>();
    for (let i = 0; i < total; i++) {
      expect(link.receive(iFormat(i, i, ASDU), 0, i)).toBe('I');
      expect(link.send(ASDU, i)).toBe(true);
      const octets = link.poll() as Uint8Array;
      seen.set(i, `${sendSequence(octets)},${receiveSequence(octets)}`);
    }
    expect([32766, 32767, 32768, 65535, 65536].map((i) => seen.get(i))).toEqual([
      '32766,32767',
      '32767,0',
      '0,1',
      '32767,0',
      '0,1',
    ]);
    expect([link.sent, link.acknowledged, link.received, link.unacknowledged]).toEqual([total, total - 1, total, 0]);
  });

  it('S-format and window across the wrap, with k at its largest', () => {
    const link = startedLink({ k: 32767, w: 32767 });
    const some = apdus(1_000);
    for (let round = 0; round < 5; round++) {
      let next = link.sent;
      while (link.window > 0) link.sendApdus(some, 0, some.length, round);
      expect(link.outstanding).toBe(32767);
      const octets = link.poll() as Uint8Array;
      for (let at = 0; at < octets.length; at += 16, next++) {
        if (sendSequence(octets, at) !== next % SEQUENCE_MODULO) expect.fail(`N(S) of number ${next}`);
      }
      expect(next).toBe(link.sent);
      link.receive(sFormat(link.acknowledged), 0, round);
      expect(link.outstanding).toBe(32767);
      link.receive(sFormat(link.sent), 0, round);
      expect([link.outstanding, link.state]).toEqual([0, 'started']);
      link.poll();
    }
    expect(link.sent).toBe(5 * 32767);
    link.receive(sFormat(link.sent + 1), 0, 6);
    expect(failure(link)).toBe('LINK_ACKNOWLEDGE');
  });

  it('N(R) between the acknowledged and the sent is legal across the wrap, all else closes', () => {
    for (const [nr, legal] of [
      [32765, false],
      [32766, true],
      [32767, true],
      [0, true],
      [1, true],
      [2, true],
      [3, false],
      [16384, false],
    ] as const) {
      const link = startedLink();
      for (let i = 0; i < 32766; i++) {
        link.send(ASDU, 0);
        link.receive(sFormat(link.sent), 0, 0);
        link.poll();
      }
      for (let i = 0; i < 4; i++) link.send(ASDU, 0);
      link.receive(sFormat(nr), 0, 0);
      expect([nr, link.state]).toEqual([nr, legal ? 'started' : 'closed']);
    }
  });

  it('N(S) expected after the wrap is 0', () => {
    const link = startedLink();
    for (let i = 0; i < 32768; i++) {
      receiveI(link, 0);
      link.poll();
    }
    link.receive(iFormat(32768, 0, ASDU), 0, 0);
    expect(link.received).toBe(32769);
    link.receive(iFormat(0, 0, ASDU), 0, 0);
    expect(failure(link)).toBe('LINK_SEQUENCE');
  });
});
