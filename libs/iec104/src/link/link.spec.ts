import { describe, expect, it } from 'vitest';
import { UFunction, iFormat, sFormat, uFormat, uFunctionName } from '../apci/apci.js';
import { Iec104Error } from '../errors.js';
import { DEFAULT_LINK_PARAMETERS, Link, type LinkEvent, type LinkRole, type LinkState } from './link.js';

/** C_IC_NA_1 act, CA 1, QOI 20: any ASDU will do. */
const ASDU = Uint8Array.of(0x64, 1, 6, 0, 1, 0, 0, 0, 0, 20);

function newLink(role: LinkRole): Link {
  return new Link({ role, ...DEFAULT_LINK_PARAMETERS }, 0);
}

/** Output and events of `link`, as text. */
function drain(link: Link): { out: string; events: LinkEvent[] } {
  const out: string[] = [];
  const octets = link.poll() ?? new Uint8Array(0);
  for (let at = 0; at < octets.length; at += 2 + (octets[at + 1] as number)) {
    const nr = ((octets[at + 4] as number) >> 1) | ((octets[at + 5] as number) << 7);
    const control = octets[at + 2] as number;
    if (control % 2 === 0) out.push(`I(${control >> 1},${nr})`);
    else out.push(control % 4 === 1 ? `S(${nr})` : (uFunctionName(control) ?? '?'));
  }
  const events: LinkEvent[] = [];
  for (let event = link.nextEvent(); event; event = link.nextEvent()) events.push(event);
  return { out: out.join(', '), events };
}

/**
 * A link brought to `state`, its output and events drained. From `started` on one I-format APDU was sent and is not
 * acknowledged, and one was received.
 */
function linkIn(role: LinkRole, state: LinkState): Link {
  const link = newLink(role);
  const feed = (apdu: Uint8Array): void => void link.receive(apdu, 0, 0);
  if (state !== 'stopped') {
    if (role === 'controlling') link.startDataTransfer(0);
    if (state !== 'starting') {
      feed(uFormat(role === 'controlling' ? UFunction.STARTDT_CON : UFunction.STARTDT_ACT));
      link.send(ASDU, 0);
      feed(iFormat(0, 0, ASDU));
    }
    if (state === 'stopping') {
      if (role === 'controlling') link.stopDataTransfer(0);
      else feed(uFormat(UFunction.STOPDT_ACT));
    }
    if (state === 'closed') feed(sFormat(99));
  }
  expect(link.state).toBe(state);
  drain(link);
  return link;
}

/** Inputs whose sequence numbers fit the moment, unless the name says otherwise. */
const INPUTS: Readonly<Record<string, (link: Link) => void>> = {
  I: (link) => void link.receive(iFormat(link.received, link.acknowledged, ASDU), 0, 1),
  'I, ack': (link) => void link.receive(iFormat(link.received, link.sent, ASDU), 0, 1),
  'I, wrong N(S)': (link) => void link.receive(iFormat(link.received + 1, link.acknowledged, ASDU), 0, 1),
  'I, repeated N(S)': (link) => void link.receive(iFormat(link.received - 1, link.acknowledged, ASDU), 0, 1),
  'I, N(R) beyond': (link) => void link.receive(iFormat(link.received, link.sent + 1, ASDU), 0, 1),
  S: (link) => void link.receive(sFormat(link.acknowledged), 0, 1),
  'S, ack': (link) => void link.receive(sFormat(link.sent), 0, 1),
  'S, N(R) beyond': (link) => void link.receive(sFormat(link.sent + 1), 0, 1),
  'S, N(R) back': (link) => void link.receive(sFormat(link.acknowledged - 1), 0, 1),
  'TESTFR act': (link) => void link.receive(uFormat(UFunction.TESTFR_ACT), 0, 1),
  'TESTFR con': (link) => void link.receive(uFormat(UFunction.TESTFR_CON), 0, 1),
  'STARTDT act': (link) => void link.receive(uFormat(UFunction.STARTDT_ACT), 0, 1),
  'STARTDT con': (link) => void link.receive(uFormat(UFunction.STARTDT_CON), 0, 1),
  'STOPDT act': (link) => void link.receive(uFormat(UFunction.STOPDT_ACT), 0, 1),
  'STOPDT con': (link) => void link.receive(uFormat(UFunction.STOPDT_CON), 0, 1),
  'U, no function': (link) => void link.receive(Uint8Array.of(0x68, 4, 0x03, 0, 0, 0), 0, 1),
  'U, two functions': (link) => void link.receive(Uint8Array.of(0x68, 4, 0x47, 0, 0, 0), 0, 1),
  'I, 5 octets of ASDU': (link) => void link.receive(Uint8Array.of(0x68, 9, 0, 0, 0, 0, 1, 1, 3, 0, 1), 0, 1),
  'I, no ASDU': (link) => void link.receive(Uint8Array.of(0x68, 4, 0, 0, 0, 0), 0, 1),
  'S of length 5': (link) => void link.receive(Uint8Array.of(0x68, 5, 1, 0, 0, 0, 0), 0, 1),
  'U of length 5': (link) => void link.receive(Uint8Array.of(0x68, 5, 0x43, 0, 0, 0, 0), 0, 1),
  'start()': (link) => link.startDataTransfer(1),
  'stop()': (link) => link.stopDataTransfer(1),
};

/** [state afterwards, output, error code or 'ignored'] */
type Row = readonly [LinkState, string, string?];

const NOT_STARTED: Row = ['closed', '', 'LINK_NOT_STARTED'];
const SEQUENCE: Row = ['closed', '', 'LINK_SEQUENCE'];
const ACKNOWLEDGE: Row = ['closed', '', 'LINK_ACKNOWLEDGE'];
const ROLE: Row = ['closed', '', 'LINK_ROLE'];
const CONTROL: Row = ['closed', '', 'APCI_CONTROL'];
const LENGTH: Row = ['closed', '', 'APCI_LENGTH'];

const WRONG_IN_EVERY_STATE = {
  'S, N(R) beyond': ACKNOWLEDGE,
  'S, N(R) back': ACKNOWLEDGE,
  'U, no function': CONTROL,
  'U, two functions': CONTROL,
  'I, 5 octets of ASDU': LENGTH,
  'I, no ASDU': LENGTH,
  'S of length 5': LENGTH,
  'U of length 5': LENGTH,
} satisfies Record<string, Row>;

const I_REFUSED = {
  I: NOT_STARTED,
  'I, ack': NOT_STARTED,
  'I, wrong N(S)': NOT_STARTED,
  'I, repeated N(S)': NOT_STARTED,
  'I, N(R) beyond': NOT_STARTED,
} satisfies Record<string, Row>;

/** Acts are the controlling station's, cons the controlled one's. */
const FOR_THE_CONTROLLED = { 'STARTDT act': ROLE, 'STOPDT act': ROLE } satisfies Record<string, Row>;
const ignoredIn = (state: LinkState): Row => [state, '', 'ignored'];
const consIgnoredIn = (state: LinkState): Record<string, Row> => ({
  'STARTDT con': ignoredIn(state),
  'STOPDT con': ignoredIn(state),
});

const TABLE: Readonly<Record<LinkRole, Readonly<Partial<Record<LinkState, Readonly<Record<string, Row>>>>>>> = {
  controlling: {
    stopped: {
      ...WRONG_IN_EVERY_STATE,
      ...FOR_THE_CONTROLLED,
      ...I_REFUSED,
      S: ['stopped', ''],
      'S, ack': ['stopped', ''],
      'TESTFR act': ['stopped', 'TESTFR con'],
      'TESTFR con': ['stopped', '', 'ignored'],
      'STARTDT con': ['started', ''],
      'STOPDT con': ['stopped', '', 'ignored'],
      'start()': ['starting', 'STARTDT act'],
      'stop()': ['stopped', ''],
    },
    starting: {
      ...WRONG_IN_EVERY_STATE,
      ...FOR_THE_CONTROLLED,
      I: ['starting', ''],
      'I, ack': ['starting', ''],
      'I, wrong N(S)': SEQUENCE,
      'I, repeated N(S)': SEQUENCE,
      'I, N(R) beyond': ACKNOWLEDGE,
      S: ['starting', ''],
      'S, ack': ['starting', ''],
      'TESTFR act': ['starting', 'TESTFR con'],
      'TESTFR con': ['starting', '', 'ignored'],
      'STARTDT con': ['started', ''],
      'STOPDT con': ['starting', '', 'ignored'],
      'start()': ['starting', ''],
      'stop()': ['starting', ''],
    },
    started: {
      ...WRONG_IN_EVERY_STATE,
      ...FOR_THE_CONTROLLED,
      I: ['started', ''],
      'I, ack': ['started', ''],
      'I, wrong N(S)': SEQUENCE,
      'I, repeated N(S)': SEQUENCE,
      'I, N(R) beyond': ACKNOWLEDGE,
      S: ['started', ''],
      'S, ack': ['started', ''],
      'TESTFR act': ['started', 'TESTFR con'],
      'TESTFR con': ['started', '', 'ignored'],
      'STARTDT con': ['started', '', 'ignored'],
      'STOPDT con': ['stopped', ''],
      'start()': ['started', ''],
      'stop()': ['stopping', 'S(1), STOPDT act'],
    },
    stopping: {
      ...WRONG_IN_EVERY_STATE,
      ...FOR_THE_CONTROLLED,
      // The controlled station owes its STOPDT con until these are acknowledged: at once, not after w or t2.
      I: ['stopping', 'S(2)'],
      'I, ack': ['stopping', 'S(2)'],
      'I, wrong N(S)': SEQUENCE,
      'I, repeated N(S)': SEQUENCE,
      'I, N(R) beyond': ACKNOWLEDGE,
      S: ['stopping', ''],
      'S, ack': ['stopping', ''],
      'TESTFR act': ['stopping', 'TESTFR con'],
      'TESTFR con': ['stopping', '', 'ignored'],
      'STARTDT con': ['stopping', '', 'ignored'],
      'STOPDT con': ['stopped', ''],
      'start()': ['stopping', ''],
      'stop()': ['stopping', ''],
    },
  },
  controlled: {
    stopped: {
      ...WRONG_IN_EVERY_STATE,
      ...consIgnoredIn('stopped'),
      ...I_REFUSED,
      S: ['stopped', ''],
      'S, ack': ['stopped', ''],
      'TESTFR act': ['stopped', 'TESTFR con'],
      'TESTFR con': ['stopped', '', 'ignored'],
      'STARTDT act': ['started', 'STARTDT con'],
      'STOPDT act': ['stopped', 'STOPDT con'],
    },
    started: {
      ...WRONG_IN_EVERY_STATE,
      ...consIgnoredIn('started'),
      I: ['started', ''],
      'I, ack': ['started', ''],
      'I, wrong N(S)': SEQUENCE,
      'I, repeated N(S)': SEQUENCE,
      'I, N(R) beyond': ACKNOWLEDGE,
      S: ['started', ''],
      'S, ack': ['started', ''],
      'TESTFR act': ['started', 'TESTFR con'],
      'TESTFR con': ['started', '', 'ignored'],
      'STARTDT act': ['started', 'STARTDT con'],
      'STOPDT act': ['stopping', 'S(1)'],
    },
    stopping: {
      ...WRONG_IN_EVERY_STATE,
      ...consIgnoredIn('stopping'),
      ...I_REFUSED,
      S: ['stopping', ''],
      'S, ack': ['stopped', 'STOPDT con'],
      'TESTFR act': ['stopping', 'TESTFR con'],
      'TESTFR con': ['stopping', '', 'ignored'],
      'STARTDT act': ['stopping', '', 'ignored'],
      'STOPDT act': ['stopping', ''],
    },
  },
};

for (const role of ['controlling', 'controlled'] as const) {
  for (const [state, rows] of Object.entries(TABLE[role])) {
    describe(`${role} station, ${state}`, () => {
      for (const [input, [to, out, note]] of Object.entries(rows)) {
        it(`${input} -> ${[to, out, note].filter(Boolean).join(', ')}`, () => {
          const link = linkIn(role, state as LinkState);
          const ignored = link.ignored;
          INPUTS[input]?.(link);
          expect(link.state).toBe(to);
          const effects = drain(link);
          expect(effects.out).toBe(out);
          expect(link.ignored - ignored).toBe(note === 'ignored' ? 1 : 0);
          // Each change of state is told once; a failure is the last thing told.
          const states = effects.events.filter((event) => event.type === 'state');
          expect(states.map((event) => `${event.from} > ${event.to}`)).toEqual(
            to === state ? [] : [`${state} > ${to}`],
          );
          const failures = effects.events.filter((event) => event.type === 'failed');
          expect(failures.map((event) => event.error.code)).toEqual(to === 'closed' ? [note] : []);
          if (to === 'closed') {
            expect(effects.events.at(-1)?.type).toBe('failed');
            expect(failures[0]?.error).toBeInstanceOf(Iec104Error);
            expect(link.nextDeadline()).toBe(Infinity);
          }
        });
      }
    });
  }

  it(`${role} station, closed: nothing happens any more`, () => {
    for (const [name, input] of Object.entries(INPUTS)) {
      if (role === 'controlled' && name.endsWith('()')) continue;
      const link = linkIn(role, 'closed');
      input(link);
      link.onTimeout(1e9);
      link.confirm(link.received, 1e9);
      expect(link.send(ASDU, 1e9)).toBe(false);
      expect([link.state, link.window, link.nextDeadline()], name).toEqual(['closed', 0, Infinity]);
      expect(drain(link), name).toEqual({ out: '', events: [] });
      expect(link.receive(uFormat(UFunction.TESTFR_ACT), 0, 1)).toBeUndefined();
    }
  });
}

it('the table has a row for every input', () => {
  const requests = ['start()', 'stop()'];
  const all = Object.keys(INPUTS);
  for (const [role, states] of Object.entries(TABLE)) {
    const inputs = role === 'controlling' ? all : all.filter((input) => !requests.includes(input));
    for (const rows of Object.values(states)) expect(Object.keys(rows).sort()).toEqual(inputs.toSorted());
  }
});

it('the controlled station cannot ask for data transfer', () => {
  const link = newLink('controlled');
  expect(() => link.startDataTransfer(0)).toThrow(Iec104Error);
  expect(() => link.stopDataTransfer(0)).toThrow(Iec104Error);
});

it('receive says what came and at which offset it reads', () => {
  const link = linkIn('controlled', 'started');
  const octets = Uint8Array.of(
    ...sFormat(1),
    ...iFormat(1, 1, ASDU),
    ...uFormat(UFunction.TESTFR_ACT),
    0x68,
    4,
    3,
    0,
    0,
    0,
  );
  expect(link.receive(octets, 0, 0)).toBe('S');
  expect(link.receive(octets, 6, 0)).toBe('I');
  expect(link.receive(octets, 22, 0)).toBe('U');
  expect(link.receive(octets, 28, 0)).toBeUndefined();
});

it('what was owed before a failure still goes out', () => {
  const link = linkIn('controlled', 'started');
  link.receive(uFormat(UFunction.TESTFR_ACT), 0, 0);
  link.receive(sFormat(99), 0, 0);
  expect(drain(link).out).toBe('TESTFR con');
});

describe('graceful STOPDT', () => {
  it('con only after all own I-format APDUs are acknowledged, one S-format at a time', () => {
    const link = newLink('controlled');
    link.receive(uFormat(UFunction.STARTDT_ACT), 0, 0);
    for (let i = 0; i < 3; i++) link.send(ASDU, 0);
    link.receive(uFormat(UFunction.STOPDT_ACT), 0, 0);
    expect(drain(link).out).toBe('STARTDT con, I(0,0), I(1,0), I(2,0)');
    expect(link.window).toBe(0);
    expect(link.send(ASDU, 0)).toBe(false);
    link.receive(sFormat(2), 0, 0);
    expect(drain(link).out).toBe('');
    link.receive(sFormat(3), 0, 0);
    expect(drain(link).out).toBe('STOPDT con');
  });

  it('con at once, behind the acknowledgement, when nothing of its own is outstanding', () => {
    const link = newLink('controlled');
    link.receive(uFormat(UFunction.STARTDT_ACT), 0, 0);
    link.receive(iFormat(0, 0, ASDU), 0, 0);
    link.receive(uFormat(UFunction.STOPDT_ACT), 0, 0);
    expect(drain(link).out).toBe('STARTDT con, S(1), STOPDT con');
    expect(link.nextDeadline()).toBe(DEFAULT_LINK_PARAMETERS.t3Ms);
  });

  it('the sequence numbers go on after the next STARTDT', () => {
    const link = linkIn('controlled', 'stopping');
    link.receive(sFormat(1), 0, 0);
    link.receive(uFormat(UFunction.STARTDT_ACT), 0, 0);
    link.send(ASDU, 0);
    expect(drain(link).out).toBe('STOPDT con, STARTDT con, I(1,1)');
  });

  it('a STOPDT con that comes too early leaves t1 of the I-format APDUs running', () => {
    const link = linkIn('controlling', 'stopping');
    link.receive(uFormat(UFunction.STOPDT_CON), 0, 1);
    expect(link.outstanding).toBe(1);
    link.onTimeout(DEFAULT_LINK_PARAMETERS.t1Ms);
    expect(drain(link).events.at(-1)).toMatchObject({ type: 'failed', error: { code: 'LINK_T1_I' } });
  });
});

describe('parameters', () => {
  for (const [name, value] of [
    ['k', 0],
    ['k', 32768],
    ['k', 1.5],
    ['w', 0],
    ['w', 32768],
    ['t1Ms', 0],
    ['t2Ms', -1],
    ['t3Ms', NaN],
  ] as const) {
    it(`${name} = ${value} is refused`, () => {
      expect(() => new Link({ ...DEFAULT_LINK_PARAMETERS, role: 'controlled', [name]: value }, 0)).toThrow(RangeError);
    });
  }

  it('k and w may be 1 to 32767', () => {
    for (const value of [1, 32767]) {
      const link = new Link({ ...DEFAULT_LINK_PARAMETERS, role: 'controlled', k: value, w: value }, 0);
      link.receive(uFormat(UFunction.STARTDT_ACT), 0, 0);
      expect(link.window).toBe(value);
    }
  });
});
