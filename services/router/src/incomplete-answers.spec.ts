import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bitstringCommand,
  Cause,
  clockSync,
  doubleCommand,
  epochMsToCp56,
  interrogation,
  mirror,
  readCommand,
  setpointFloat,
  singleCommand,
  TypeId,
} from '@iec104mm2ss/iec104';
import { ANSWER_TIMEOUT_MS, type Transaction } from './command-transaction.js';
import { isProcessCommand } from './rules.js';
import { Bench } from './transactions-bench.js';

const A = 1;
const B = 2;
const C = 3;
const OWN_CA = 1;
const OTHER_CA = 9;
const REFUSALS = [Cause.UNKNOWN_TYPE, Cause.UNKNOWN_CAUSE, Cause.UNKNOWN_CA, Cause.UNKNOWN_IOA];
const NOON = epochMsToCp56(Date.UTC(2026, 5, 1, 12));

const ON = singleCommand(1, 500, true);
const privateType = (typeId: number, ioa = 500): Uint8Array =>
  Uint8Array.of(typeId, 1, Cause.ACT, 0, 1, 0, ioa & 0xff, ioa >> 8, 0, 7, 7);

const COMMANDS: [name: string, asdu: Uint8Array][] = [
  ['single', ON],
  ['double', doubleCommand(1, 500, 2)],
  ['float', setpointFloat(1, 500, 120.5)],
  ['bitstring', bitstringCommand(1, 500, 7)],
  ['single with time', singleCommand(1, 500, true, { time: NOON })],
  ['read', readCommand(1, 500)],
  ['parameter', Uint8Array.of(112, 1, 6, 0, 1, 0, 0xf4, 1, 0, 0, 0, 0, 0, 1)],
  ['private type', privateType(136)],
];

type Change = (asdu: Uint8Array) => Uint8Array;

function changed(asdu: Uint8Array, change: (octets: Uint8Array) => void): Uint8Array {
  const octets = new Uint8Array(asdu);
  change(octets);
  return octets;
}

/** How stations leave out which object they answer about. */
const LEFT_OUT: [how: string, change: Change][] = [
  ['with IOA 0', (asdu) => changed(asdu, (octets) => octets.fill(0, 6, 9))],
  ['with IOA 0 and all behind it', (asdu) => changed(asdu, (octets) => octets.fill(0, 6))],
  ['with IOA 0 and nothing behind it', (asdu) => changed(asdu, (octets) => octets.fill(0, 6)).subarray(0, 9)],
  ['without any object', (asdu) => changed(asdu, (octets) => (octets[1] = 0)).subarray(0, 6)],
];

const withCa =
  (ca: number): Change =>
  (asdu) =>
    changed(asdu, (octets) => octets.set([ca & 0xff, ca >> 8], 4));
const withType =
  (typeId: number): Change =>
  (asdu) =>
    changed(asdu, (octets) => (octets[0] = typeId));

describe.each(COMMANDS)('an answer to a command (%s)', (_name, command) => {
  describe.each(LEFT_OUT)('%s', (_how, change) => {
    it('reaches its master, and nobody who is busy with something else', () => {
      const bench = new Bench();
      bench.command(B, clockSync(1, NOON));
      bench.command(C, interrogation(1));
      bench.command(A, command);
      for (const cause of [Cause.ACT_CON, Cause.ACT_TERM]) {
        expect(bench.answer(change(command), cause), `cause ${cause}`).toEqual([A]);
      }
    });

    it.each(REFUSALS)('that refuses it with cause %i reaches its master, and ends it', (cause) => {
      for (const negative of [true, false]) {
        const bench = new Bench();
        bench.command(A, command);
        expect(bench.answer(change(command), cause, 0, negative)).toEqual([A]);
        expect(bench.take().at(-1)).toBe(`1 refused (COT ${cause})`);
      }
    });

    it('that comes late reaches its master', () => {
      const bench = new Bench();
      bench.command(A, command);
      bench.pass(ANSWER_TIMEOUT_MS + 2_000);
      expect(bench.answer(change(command), Cause.ACT_CON)).toEqual([A]);
    });

    it('reaches nobody when commands of two masters may be meant, and those that have left count', () => {
      for (const leaves of [false, true]) {
        const bench = new Bench();
        const elsewhere = changed(command, (octets) => octets.set([9, 0, 0], 6));
        bench.command(A, command);
        bench.command(B, elsewhere);
        if (leaves) bench.transactions.forget(B);
        if (
          change(command)
            .subarray(9)
            .some((octet) => octet !== 0)
        )
          continue;
        expect(bench.answer(change(command), Cause.UNKNOWN_IOA, 0, true)).toEqual([]);
        expect(bench.answer(elsewhere, Cause.ACT_CON), 'a complete one still reaches its master').toEqual(
          leaves ? [] : [B],
        );
        expect(bench.answer(command, Cause.ACT_CON)).toEqual([A]);
      }
    });
  });

  it('that does not know its type may have any other', () => {
    for (const typeId of [0, 1, 45, 46, 50, 58, 70, 100, 102, 103, 127, 136, 255]) {
      const bench = new Bench();
      bench.command(B, singleCommand(1, 501, true));
      bench.command(A, command);
      const answer = withType(typeId)(command);
      expect(bench.answer(answer, Cause.UNKNOWN_TYPE, 0, true), `type ${typeId}`).toEqual([A]);
      expect(bench.take().at(-1)).toBe('1 refused (COT 44)');
    }
  });

  it('that does not know its station may have any CA', () => {
    for (const ca of [OWN_CA, 0, 0xffff, 77]) {
      const bench = new Bench();
      bench.command(A, withCa(OTHER_CA)(command));
      expect(bench.answer(withCa(ca)(command), Cause.UNKNOWN_CA, 0, true)).toEqual([A]);
      expect(bench.take().at(-1)).toBe('1 refused (COT 46)');
    }
  });

  it('may be the object itself, with the cause of an answer', () => {
    const ioa = command.subarray(6, 9);
    for (const cot of [Cause.ACT_CON, Cause.UNKNOWN_IOA]) {
      const bench = new Bench();
      bench.command(A, command);
      const other = bench.raw(Uint8Array.of(1, 1, cot, 0, 1, 0, 9, 9, 9, 1));
      expect(other, 'another object').toEqual([]);
      const isObject = isProcessCommand(command[0] as number) || command[0] === TypeId.C_RD_NA_1;
      const object = Uint8Array.of(1, 1, cot, 0, 1, 0, ...ioa, 1);
      expect(bench.raw(object)).toEqual(isObject ? [A] : []);
    }
  });

  it('of another station, object or type reaches nobody', () => {
    const bench = new Bench();
    bench.command(A, command);
    const isPrivate = (command[0] as number) >= 128;
    const ioa = changed(command, (octets) => octets.set([9, 9, 9], 6));
    if (!isPrivate) expect(bench.answer(ioa, Cause.UNKNOWN_IOA, 0, true)).toEqual([]);
    expect(bench.answer(withCa(OTHER_CA)(command), Cause.ACT_CON)).toEqual([]);
    expect(bench.answer(withType(103)(command), Cause.ACT_CON)).toEqual([]);
  });
});

describe('a station that writes its own CA where it does not know the one asked', () => {
  const GI = interrogation(OWN_CA);
  const unknown = interrogation(OTHER_CA);

  it('refuses the master that asked, not the one whose interrogation it has answered', () => {
    const bench = new Bench();
    for (const cause of [Cause.ACT_CON, Cause.ACT_TERM]) {
      if (cause === Cause.ACT_CON) bench.command(A, GI);
      expect(bench.answer(GI, cause)).toEqual([A]);
    }
    bench.command(B, unknown);
    expect(bench.answer(GI, Cause.UNKNOWN_CA, 0, true)).toEqual([B]);
    bench.command(A, GI);
    bench.answer(GI, Cause.ACT_CON);
    bench.command(B, unknown);
    expect(bench.answer(GI, Cause.UNKNOWN_CA, 0, true), 'while the other one runs').toEqual([B]);
  });

  it('refuses nobody while both wait for their answer', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.command(B, unknown);
    expect(bench.answer(GI, Cause.UNKNOWN_CA, 0, true)).toEqual([]);
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(GI, Cause.UNKNOWN_CA, 0, true)).toEqual([B]);
  });

  it('may have several CAs: those that have answered', () => {
    const bench = new Bench();
    bench.command(B, interrogation(2));
    bench.answer(interrogation(2), Cause.ACT_CON);
    bench.command(A, unknown);
    expect(bench.answer(interrogation(2), Cause.UNKNOWN_CA, 0, true)).toEqual([A]);
  });

  it('that is configured with a CA it does not have refuses who asked for it', () => {
    const bench = new Bench();
    bench.command(A, GI);
    expect(bench.answer(GI, Cause.UNKNOWN_CA, 0, true)).toEqual([A]);
  });

  it('that refuses what an earlier owner of the group had sent refuses who asked', () => {
    const bench = new Bench();
    const floor = { ...bench.link };
    bench.transactions.restore(bench.newCommand(A, ON), { ageMs: 100, floor, answersMissed: false, isLost: false });
    expect(bench.answer(ON, Cause.UNKNOWN_CA, 0, true)).toEqual([A]);
    expect(bench.take()).toEqual(['1 refused (COT 46)']);
  });

  it('that writes the one asked refuses who asked, whatever else is under way', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.command(B, unknown);
    expect(bench.answer(unknown, Cause.UNKNOWN_CA, 0, true)).toEqual([B]);
  });
});

describe('a private type', () => {
  it('may be answered by another one, of any object', () => {
    for (const cause of [Cause.ACT_CON, Cause.ACT_TERM, ...REFUSALS]) {
      const bench = new Bench();
      bench.command(A, privateType(136));
      expect(bench.answer(privateType(137, 900), cause), `cause ${cause}`).toEqual([A]);
    }
  });

  it('that is under way for two masters: the type says whose an answer is, or the object, or nobody knows', () => {
    const bench = new Bench();
    bench.command(A, privateType(136, 500));
    bench.command(B, privateType(138, 501));
    expect(bench.answer(privateType(137, 501), Cause.ACT_CON)).toEqual([B]);
    expect(bench.answer(privateType(136, 502), Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(privateType(137, 502), Cause.ACT_CON)).toEqual([]);
    expect(bench.answer(privateType(136, 501), Cause.ACT_CON)).toEqual([]);
  });
});

describe('between several masters', () => {
  const zeroed = (asdu: Uint8Array): Uint8Array => changed(asdu, (octets) => octets.fill(0, 6, 9));
  const OFF = singleCommand(1, 501, false, { qualifier: 1 });

  it('the value decides, if the station repeats one', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.command(B, OFF);
    expect(bench.answer(zeroed(OFF), Cause.ACT_CON)).toEqual([B]);
    expect(bench.answer(zeroed(ON), Cause.ACT_CON)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', 'forward 2']);
  });

  it('what is due decides: who has had an answer gets another one only when nobody waits', () => {
    const bench = new Bench();
    bench.command(A, ON);
    expect(bench.answer(zeroed(ON), Cause.ACT_CON)).toEqual([A]);
    bench.command(B, singleCommand(1, 501, true));
    expect(bench.answer(zeroed(ON), Cause.ACT_CON)).toEqual([B]);
    expect(bench.answer(zeroed(ON), Cause.ACT_TERM), 'both wait for it').toEqual([]);
  });

  it('the OA decides, if the RTU is proven to mirror it', () => {
    const bench = new Bench().mirrors();
    bench.command(A, ON);
    bench.command(B, singleCommand(1, 501, true));
    expect(bench.answer(zeroed(ON), Cause.ACT_CON, B * 10)).toEqual([B]);
    expect(bench.answer(zeroed(ON), Cause.ACT_CON, C * 10), 'of nobody that asked').toEqual([A]);
  });

  it('one master gets the answer to one of its own, of which none is taken for over then', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.command(A, singleCommand(1, 501, true));
    expect(bench.answer(zeroed(ON), Cause.UNKNOWN_IOA, 0, true)).toEqual([A]);
    expect(bench.transactions.size).toBe(2);
    bench.pass(ANSWER_TIMEOUT_MS);
    expect(bench.take().slice(2)).toEqual(['1 unknown', '1 unknown']);
  });

  it('an answer that was nobody’s may have confirmed any of them', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.command(B, singleCommand(1, 501, true));
    expect(bench.answer(zeroed(ON), Cause.ACT_CON)).toEqual([]);
    bench.command(C, setpointFloat(1, 502, 3));
    bench.answer(singleCommand(1, 501, true), Cause.ACT_CON);
    expect(bench.answer(zeroed(ON), Cause.ACT_TERM)).toEqual([]);
  });

  it('a refusal that comes twice is not the next master’s', () => {
    const bench = new Bench();
    bench.command(A, ON);
    expect(bench.answer(ON, Cause.UNKNOWN_TYPE, 0, true)).toEqual([A]);
    bench.command(B, doubleCommand(1, 500, 1));
    expect(bench.answer(ON, Cause.UNKNOWN_TYPE, 0, true), 'it may be either').toEqual([]);
  });

  it('what an earlier owner sent is answered only by what repeats it', () => {
    const bench = new Bench();
    const floor = { ...bench.link };
    bench.transactions.restore(bench.newCommand(A, ON), { ageMs: 100, floor, answersMissed: false, isLost: false });
    expect(bench.answer(zeroed(ON), Cause.ACT_CON)).toEqual([]);
    bench.command(B, singleCommand(1, 501, true));
    expect(bench.answer(zeroed(ON), Cause.ACT_CON), 'it may be either').toEqual([]);
  });
});

it('no answer ever reaches a master that did not ask, and one that only one can have asked for reaches it', () => {
  const command = fc.record({
    master: fc.integer({ min: A, max: C }),
    ca: fc.constantFrom(OWN_CA, OTHER_CA),
    ioa: fc.constantFrom(500, 501),
    kind: fc.nat(5),
  });
  const make = (kind: number, ca: number, ioa: number): Uint8Array =>
    [
      () => singleCommand(ca, ioa, true),
      () => singleCommand(ca, ioa, false),
      () => doubleCommand(ca, ioa, 2),
      () => setpointFloat(ca, ioa, 3),
      () => interrogation(ca),
      () => withCa(ca)(privateType(136, ioa)),
    ][kind]?.() ?? ON;
  const station = fc.record({
    zeroes: fc.constantFrom('ioa', 'all', 'nothing'),
    otherType: fc.constantFrom(undefined, 45, 46, 103),
    knows: fc.subarray([45, 46, 50, 100, 136]),
    writesOwnCa: fc.boolean(),
    refuses: fc.boolean(),
  });
  const answerOf = (asdu: Uint8Array, how: typeof station extends fc.Arbitrary<infer T> ? T : never): Uint8Array[] => {
    const answer = new Uint8Array(asdu);
    const isThere = answer[4] === OWN_CA;
    const isKnown = how.knows.includes(answer[0] as number);
    let causes: number[] = how.refuses ? [Cause.UNKNOWN_IOA] : [Cause.ACT_CON, Cause.ACT_TERM];
    if (!isKnown) {
      causes = [Cause.UNKNOWN_TYPE];
      // With the IOA it repeats what else was asked.
      if (how.otherType !== undefined) answer[0] = how.zeroes === 'nothing' ? 103 : how.otherType;
    } else if (!isThere) {
      causes = [Cause.UNKNOWN_CA];
      if (how.writesOwnCa) answer[4] = OWN_CA;
    }
    if (how.zeroes !== 'nothing') answer.fill(0, 6, how.zeroes === 'ioa' ? 9 : answer.length);
    return causes.map((cause) => mirror(answer, cause, cause >= Cause.UNKNOWN_TYPE));
  };
  let delivered = 0;
  fc.assert(
    fc.property(
      fc.array(command, { minLength: 1, maxLength: 6 }),
      station,
      fc.infiniteStream(fc.nat(9)),
      (given, how, order) => {
        const bench = new Bench();
        for (const { master, kind, ca, ioa } of given) bench.begin(master, make(kind, ca, ioa));
        const left: [Transaction, Uint8Array[]][] = [];
        let known = 0;
        for (;;) {
          for (; known < bench.forwarded.length; known++) {
            const transaction = bench.sent(bench.forwarded[known] as Transaction);
            left.push([transaction, answerOf(transaction.asdu, how)]);
          }
          const at = (order.next().value as number) % Math.max(1, left.length);
          const next = left[at];
          if (next === undefined) break;
          const [transaction, answers] = next;
          const answer = answers.shift() as Uint8Array;
          if (answers.length === 0) left.splice(at, 1);
          const asked = transaction.askers.map(({ session }) => session);
          const got = bench.raw(answer);
          for (const session of got) expect(asked).toContain(session);
          const isAlone =
            new Set(bench.forwarded.flatMap(({ askers }) => askers.map(({ session }) => session))).size === 1;
          if (isAlone) expect(got).toEqual(asked);
          delivered += got.length;
        }
      },
    ),
    { numRuns: 2_000 },
  );
  expect(delivered).toBeGreaterThan(1_000);
});
