import { describe, expect, it } from 'vitest';
import {
  bitstringCommand,
  Cause,
  clockSync,
  counterInterrogation,
  doubleCommand,
  epochMsToCp56,
  interrogation,
  mirror,
  resetProcess,
  setpointFloat,
  setpointNormalized,
  setpointScaled,
  singleCommand,
  stepCommand,
} from '@iec104mm2ss/iec104';
import {
  ANSWER_TIMEOUT_MS,
  CONFIRMATION_LATE_MS,
  FIRST_ANSWER_MS,
  INTERROGATION_TIMEOUT_MS,
  OWN_QUIET_MS,
  RELEASE_MS,
  SILENT_MS,
  STATIONS_QUIET_MS,
  type Transaction,
  UNKNOWN_TERMINATION_MS,
  UNSEEN_TERMINATION_MS,
} from './command-transaction.js';
import { endsWithTermination } from './rules.js';
import { Bench } from './transactions-bench.js';

const A = 1;
const B = 2;
const C = 3;
const PATIENCE = 60_000;
const time = epochMsToCp56(Date.UTC(2026, 5, 1, 12));
const ON = singleCommand(1, 500, true);
const OFF = singleCommand(1, 500, false);
const GI = interrogation(1);

/** Every process command, with a qualifier that a station may lose, without and with a time tag. */
const COMMANDS = [undefined, time].flatMap((tag): [name: string, asdu: Uint8Array][] => {
  const options = { qualifier: 3, ...(tag === undefined ? {} : { time: tag }) };
  const commands: [string, Uint8Array][] = [
    ['single', singleCommand(1, 500, true, options)],
    ['double', doubleCommand(1, 500, 2, options)],
    ['step', stepCommand(1, 500, 1, options)],
    ['normalized', setpointNormalized(1, 500, 0.75, options)],
    ['scaled', setpointScaled(1, 500, 1_200, options)],
    ['float', setpointFloat(1, 500, 120.5, options)],
    ['bitstring', bitstringCommand(1, 500, 0xff00ff00, tag === undefined ? {} : { time: tag })],
  ];
  return commands.map(([name, asdu]) => [`${name}${tag === undefined ? '' : ' with time'}`, asdu]);
});

/** How stations change what they answer. */
const ALTERATIONS: [how: string, alter: (asdu: Uint8Array) => void][] = [
  ['as it is', () => undefined],
  ['without the qualifier', (asdu) => void (asdu[asdu[0] === 45 || asdu[0] === 58 ? 9 : 9] = qualifierless(asdu))],
  ['with another value', (asdu) => void (asdu[9] = (asdu[9] as number) ^ 0x01)],
  ['with its own time', (asdu) => void (asdu[asdu.length - 7] = (asdu.at(-7) as number) ^ (hasTime(asdu) ? 0x7f : 0))],
  ['without its time tag', (asdu) => void (asdu[0] = (asdu[0] as number) - (hasTime(asdu) ? 13 : 0))],
  ['with all octets 0', (asdu) => void asdu.fill(0, 9)],
];

const hasTime = (asdu: Uint8Array): boolean => (asdu[0] as number) >= 58;

/** The first octet of the element with QU = 0; of a set point it is a part of the value. */
function qualifierless(asdu: Uint8Array): number {
  const octet = asdu[9] as number;
  const type = (asdu[0] as number) % 13;
  return type === 45 % 13 || type === 46 % 13 || type === 47 % 13 ? octet & 0x83 : octet;
}

function altered(asdu: Uint8Array, alter: (octets: Uint8Array) => void): Uint8Array {
  const octets = new Uint8Array(asdu);
  alter(octets);
  return octets;
}

describe.each(COMMANDS)('the answer to a command (%s)', (_name, command) => {
  it.each(ALTERATIONS)('%s reaches its master and nobody else', (_how, alter) => {
    for (const oa of [0, 10, 77]) {
      const bench = new Bench();
      const answer = altered(command, alter);
      // Others are busy with other objects, and with the same one before.
      bench.command(C, command);
      bench.answer(command, Cause.ACT_CON, oa, true);
      bench.command(B, singleCommand(1, 501, true));
      bench.command(A, command);
      expect(bench.answer(answer, Cause.ACT_CON, oa)).toEqual([A]);
      expect(bench.answer(answer, Cause.ACT_TERM, oa)).toEqual([A]);
      expect(bench.answer(singleCommand(1, 501, true), Cause.ACT_CON, oa)).toEqual([B]);
    }
  });

  it.each([Cause.UNKNOWN_TYPE, Cause.UNKNOWN_CAUSE, Cause.UNKNOWN_CA, Cause.UNKNOWN_IOA])(
    'that refuses it with cause %i reaches its master, with or without P/N',
    (cause) => {
      for (const negative of [true, false]) {
        const bench = new Bench();
        bench.command(A, command);
        expect(bench.answer(command, cause, 0, negative)).toEqual([A]);
        expect(bench.transactions.size).toBe(0);
      }
    },
  );

  it('that is only an ACT_TERM ends it, and the next one does not wait for an ACT_CON', () => {
    const bench = new Bench();
    bench.command(A, command);
    bench.begin(B, command);
    expect(bench.answer(command, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.forwarded).toHaveLength(1);
    bench.pass(CONFIRMATION_LATE_MS);
    expect(bench.forwarded).toHaveLength(2);
    bench.sent(bench.forwarded[1] as Transaction);
    bench.begin(C, command);
    expect(bench.answer(command, Cause.ACT_TERM), 'by now it is known').toEqual([B]);
    expect(bench.forwarded).toHaveLength(3);
  });

  it('that comes after 12 s reaches its master, and those after it are waited for', () => {
    const bench = new Bench();
    bench.command(A, command);
    bench.pass(12_000);
    expect(bench.answer(command, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(command, Cause.ACT_TERM)).toEqual([A]);
    bench.take();
    bench.command(B, command);
    bench.pass(12_000);
    expect(bench.take(), 'the RTU is known to be slow').toEqual(['forward 2']);
    expect(bench.answer(command, Cause.ACT_CON)).toEqual([B]);
  });

  it('that comes late from an RTU known to be slow is not the next master’s, though the one before had none', () => {
    const bench = new Bench();
    const elsewhere = singleCommand(1, 501, true);
    bench.command(C, elsewhere);
    bench.pass(5_000);
    bench.answer(elsewhere, Cause.ACT_CON);
    bench.command(A, command);
    bench.pass(ANSWER_TIMEOUT_MS + 1_000);
    bench.command(A, command);
    bench.take();
    bench.begin(B, command, PATIENCE);
    bench.pass(UNKNOWN_TERMINATION_MS + 1_000);
    expect(bench.take()).toEqual([]);
    expect(bench.answer(command, Cause.ACT_CON)).toEqual([A]);
  });

  it('that comes twice reaches its master twice, and nobody else', () => {
    const bench = new Bench();
    bench.command(A, command);
    for (const cause of [Cause.ACT_CON, Cause.ACT_CON, Cause.ACT_TERM, Cause.ACT_TERM]) {
      expect(bench.answer(command, cause)).toEqual([A]);
    }
    bench.command(B, command);
    expect(bench.answer(command, Cause.ACT_CON)).toEqual([B]);
    expect(bench.answer(command, Cause.ACT_TERM)).toEqual([B]);
  });
});

describe('a deactivation', () => {
  it.each([
    ['a deselect', singleCommand(1, 500, true, { select: true, cot: Cause.DEACT })],
    ['of an interrogation', interrogation(1, 20, { cot: Cause.DEACT })],
  ])('%s that is answered with ACT_CON is over', (_name, asdu) => {
    const bench = new Bench();
    bench.command(A, asdu);
    expect(bench.answer(asdu, Cause.ACT_CON)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', '1 deactivated']);
  });

  it('answered with ACT_CON ends the interrogation; its ACT_TERM reaches its master, and others need not wait', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.answer(GI, Cause.ACT_CON);
    bench.begin(B, GI, PATIENCE);
    const stop = interrogation(1, 20, { cot: Cause.DEACT });
    bench.command(A, stop);
    expect(bench.answer(stop, Cause.ACT_CON)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', 'forward 1', '1 deactivated', '1 deactivated', 'forward 2']);
    bench.sent(bench.forwarded.at(-1) as Transaction);
    expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([B]);
    expect(bench.transactions.habits.terminates(100), 'that says nothing of other interrogations').toBeUndefined();
  });

  it('that is not answered at all, of an interrogation that ends, holds others up for a moment only', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.answer(GI, Cause.ACT_CON);
    bench.command(A, interrogation(1, 20, { cot: Cause.DEACT }));
    bench.answer(GI, Cause.ACT_TERM);
    bench.begin(B, GI, PATIENCE);
    bench.pass(FIRST_ANSWER_MS);
    expect(bench.take().at(-1)).toBe('forward 2');
  });
});

describe('a select', () => {
  const select = singleCommand(1, 500, true, { select: true, qualifier: 1 });

  it.each([
    ['as it is', select],
    ['without S/E', singleCommand(1, 500, true, { qualifier: 1 })],
    ['without QU', singleCommand(1, 500, true, { select: true })],
  ])('confirmed %s reaches its master', (_how, answer) => {
    const bench = new Bench();
    bench.command(A, select);
    expect(bench.answer(answer, Cause.ACT_CON)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', '1 selected']);
  });

  it('and execute of one master: each gets its own confirmation, in whichever order they are', () => {
    const bench = new Bench();
    const execute = singleCommand(1, 500, true, { qualifier: 1 });
    bench.command(A, select);
    bench.command(A, execute);
    expect(bench.answer(execute, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(select, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(execute, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', 'forward 1', '1 selected', '1 terminated']);
  });
});

describe('an RTU that alters values', () => {
  const high = setpointFloat(1, 500, 120);
  const higher = setpointFloat(1, 500, 150);
  const limited = setpointFloat(1, 500, 99.5);

  it('has another master’s set point wait for the end of the one before, for their answers look alike', () => {
    const bench = new Bench();
    bench.command(A, high);
    bench.answer(limited, Cause.ACT_CON);
    bench.begin(B, higher);
    bench.pass(RELEASE_MS);
    expect(bench.forwarded).toHaveLength(1);
    expect(bench.answer(limited, Cause.ACT_TERM)).toEqual([A]);
    bench.sent(bench.forwarded[1] as Transaction);
    expect(bench.answer(limited, Cause.ACT_CON)).toEqual([B]);
    expect(bench.answer(limited, Cause.ACT_TERM)).toEqual([B]);
  });

  it('that did not so far: another value may overtake, and what is left to be answered says whose an answer is', () => {
    const bench = new Bench();
    bench.command(A, limited);
    bench.answer(limited, Cause.ACT_CON);
    bench.begin(B, high);
    bench.pass(RELEASE_MS);
    bench.sent(bench.forwarded[1] as Transaction);
    expect(bench.answer(limited, Cause.ACT_CON)).toEqual([B]);
  });
});

describe('an RTU that sends no ACT_TERM', () => {
  const silentEnd = (bench: Bench): void => {
    bench.command(A, ON);
    bench.answer(ON, Cause.ACT_CON);
    bench.pass(ANSWER_TIMEOUT_MS);
    bench.take();
  };

  it('has the same command of a second master sent, not refused, the first time already', () => {
    const bench = new Bench();
    bench.command(A, ON);
    bench.answer(ON, Cause.ACT_CON);
    bench.begin(B, ON);
    bench.pass(UNKNOWN_TERMINATION_MS);
    expect(bench.take()).toEqual(['forward 1', '1 confirmed', 'forward 2']);
  });

  it('is known for all process commands, and over link breaks', () => {
    const bench = new Bench();
    silentEnd(bench);
    bench.transactions.lose('RTU link lost', false);
    bench.link = { epoch: 2, generation: 1, position: 10 };
    const double = doubleCommand(1, 600, 2);
    bench.command(A, double);
    bench.answer(double, Cause.ACT_CON);
    bench.begin(B, double);
    bench.pass(UNSEEN_TERMINATION_MS);
    expect(bench.take()).toEqual(['forward 1', '1 confirmed', 'forward 2']);
  });

  it('is unlearnt when one comes, which still reaches its master', () => {
    const bench = new Bench();
    silentEnd(bench);
    expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([A]);
    bench.command(A, OFF);
    bench.answer(OFF, Cause.ACT_CON);
    bench.begin(B, OFF);
    bench.pass(4_000);
    expect(bench.take()).toEqual(['forward 1']);
    expect(bench.answer(OFF, Cause.ACT_TERM)).toEqual([A]);
  });
});

it('an RTU that sends ACT_TERM only after a select: the equal direct command of another master is sent, not refused', () => {
  const bench = new Bench();
  const select = singleCommand(1, 500, true, { select: true });
  bench.command(A, select);
  bench.answer(select, Cause.ACT_CON);
  bench.command(A, ON);
  bench.answer(ON, Cause.ACT_CON);
  bench.answer(ON, Cause.ACT_TERM);
  bench.command(A, ON);
  bench.answer(ON, Cause.ACT_CON);
  bench.begin(B, ON);
  bench.take();
  bench.pass(UNKNOWN_TERMINATION_MS);
  expect(bench.take()).toEqual(['1 confirmed', 'forward 2']);
});

it('an RTU that sends ACT_TERM for some objects only: the same', () => {
  const bench = new Bench();
  bench.command(A, ON);
  bench.answer(ON, Cause.ACT_CON);
  bench.answer(ON, Cause.ACT_TERM);
  const relay = singleCommand(1, 501, true);
  bench.command(A, relay);
  bench.answer(relay, Cause.ACT_CON);
  bench.begin(B, relay);
  bench.take();
  bench.pass(UNKNOWN_TERMINATION_MS);
  expect(bench.take()).toEqual(['1 confirmed', 'forward 2']);
});

/** OA 0, and more ACT_TERM than there are executes: B has had the object before, A has it now. */
describe('an ACT_TERM that nobody waits for', () => {
  const SELECT = singleCommand(1, 500, true, { select: true });
  const benchAfterB = (isTerminated: boolean): Bench => {
    const bench = new Bench();
    bench.command(B, ON);
    bench.answer(ON, Cause.ACT_CON);
    if (isTerminated) expect(bench.answer(ON, Cause.ACT_TERM)).toEqual([B]);
    bench.pass(5_000);
    return bench;
  };

  it('and repeats a select is for who has selected, or for nobody', () => {
    const bench = benchAfterB(true);
    bench.command(A, SELECT);
    expect(bench.answer(SELECT, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(SELECT, Cause.ACT_TERM)).toEqual([A]);
  });

  it('and repeats a select of another master is for nobody while an execute is not terminated', () => {
    const bench = benchAfterB(false);
    bench.command(A, SELECT);
    bench.answer(SELECT, Cause.ACT_CON);
    expect(bench.answer(SELECT, Cause.ACT_TERM)).not.toContain(B);
  });

  it('and follows a cancelled select is not for another master', () => {
    const bench = benchAfterB(true);
    bench.command(A, SELECT);
    bench.answer(SELECT, Cause.ACT_CON);
    bench.answer(SELECT, Cause.ACT_TERM);
    const cancel = new Uint8Array(SELECT);
    cancel[2] = Cause.DEACT;
    bench.command(A, cancel);
    expect(bench.answer(cancel, Cause.DEACT_CON)).toEqual([A]);
    expect(bench.answer(SELECT, Cause.ACT_TERM)).not.toContain(B);
  });

  it.each(COMMANDS)('comes a second time, after %s', (_name, asdu) => {
    for (const [how, alter] of ALTERATIONS) {
      for (const before of [asdu, altered(asdu, alter)]) {
        const bench = new Bench();
        bench.command(B, before);
        bench.answer(before, Cause.ACT_CON);
        bench.answer(before, Cause.ACT_TERM);
        bench.pass(5_000);
        bench.command(A, asdu);
        bench.answer(asdu, Cause.ACT_CON);
        bench.answer(asdu, Cause.ACT_TERM);
        const again = altered(asdu, alter);
        expect(bench.answer(again, Cause.ACT_TERM), how).not.toContain(B);
      }
    }
  });

  it('and is negative, as the ACT_CON before, is for who was refused', () => {
    const bench = benchAfterB(true);
    bench.command(A, ON);
    expect(bench.answer(ON, Cause.ACT_CON, 0, true)).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_TERM, 0, true)).toEqual([A]);
  });
});

describe('interrogations of an RTU that', () => {
  const next = (bench: Bench): Transaction => bench.sent(bench.forwarded.at(-1) as Transaction);

  it('sends no ACT_TERM: the next one goes after a pause, and once it is known after a shorter one', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.answer(GI, Cause.ACT_CON);
    bench.begin(B, GI, PATIENCE);
    bench.pass(UNKNOWN_TERMINATION_MS - 1);
    bench.transactions.answers.interrogation(Cause.INROGEN, 1);
    bench.pass(UNKNOWN_TERMINATION_MS - 1);
    expect(bench.take(), 'objects come').toEqual(['forward 1']);
    bench.pass(1);
    expect(bench.take()).toEqual(['1 confirmed', 'forward 2']);
    next(bench);
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([B]);
    bench.begin(C, GI, PATIENCE);
    bench.pass(UNSEEN_TERMINATION_MS);
    expect(bench.take()).toEqual(['2 confirmed', 'forward 3']);
  });

  it('sends no ACT_TERM: the same master need not wait so long', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.answer(GI, Cause.ACT_CON);
    bench.begin(A, interrogation(1, 21), PATIENCE);
    bench.pass(OWN_QUIET_MS);
    expect(bench.take()).toEqual(['forward 1', '1 confirmed', 'forward 1']);
    expect(bench.transactions.habits.terminates(100), 'a short pause says nothing').toBeUndefined();
  });

  it('is known to send ACT_TERM: nothing goes before it', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.answer(GI, Cause.ACT_CON);
    bench.answer(GI, Cause.ACT_TERM);
    bench.command(A, GI);
    bench.answer(GI, Cause.ACT_CON);
    bench.begin(B, GI, PATIENCE);
    bench.begin(A, interrogation(1, 21), PATIENCE);
    bench.take();
    bench.pass(20_000);
    expect(bench.take()).toEqual([]);
  });

  it('confirms a freeze of counters and says no more: what several masters read then goes soon', () => {
    const bench = new Bench();
    const freeze = counterInterrogation(1, 5, 1);
    const read = counterInterrogation(1, 5);
    bench.command(A, freeze);
    bench.begin(A, read, PATIENCE);
    bench.begin(B, read, PATIENCE);
    expect(bench.answer(freeze, Cause.ACT_CON)).toEqual([A]);
    expect(bench.take(), 'others read with it').toEqual(['forward 1']);
    bench.pass(UNSEEN_TERMINATION_MS);
    expect(bench.take()).toEqual(['1 confirmed', 'forward 1']);
  });

  it('confirms a freeze of counters and says no more: the read of its master alone goes at once', () => {
    const bench = new Bench();
    const freeze = counterInterrogation(1, 5, 1);
    bench.command(A, freeze);
    bench.begin(A, counterInterrogation(1, 5), PATIENCE);
    bench.answer(freeze, Cause.ACT_CON);
    expect(bench.take()).toEqual(['forward 1', '1 confirmed', 'forward 1']);
  });

  it('ignores a station: the next one goes after a few seconds, and soon when that is known', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.begin(B, GI, PATIENCE);
    bench.pass(FIRST_ANSWER_MS);
    expect(bench.take()).toEqual(['forward 1', '1 no answer', 'forward 2']);
    next(bench);
    bench.begin(C, GI, PATIENCE);
    bench.pass(SILENT_MS);
    expect(bench.take()).toEqual(['2 no answer', 'forward 3']);
  });

  it('ignores a station, and nobody waits: what comes late is still to its command', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.pass(12_000);
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', '1 terminated']);
  });

  it.each([
    ['another QOI', interrogation(1, 0)],
    ['another IOA', Uint8Array.of(100, 1, 7, 0, 1, 0, 9, 0, 0, 20)],
  ])('answers with %s: that can be to nobody else', (_how, answer) => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.command(B, interrogation(2));
    expect(bench.answer(answer, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(answer, Cause.ACT_TERM)).toEqual([A]);
  });

  it('sends ACT_TERM only: each is ended by its own', () => {
    const bench = new Bench();
    for (const session of [A, B, C]) {
      bench.command(session, GI);
      expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([session]);
      bench.pass(CONFIRMATION_LATE_MS);
    }
    expect(bench.transactions.habits.isUnconfirmed(100)).toBe(true);
  });

  it('sends objects without ACT_CON: as long as they come nothing else goes', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.begin(B, GI, PATIENCE);
    for (let i = 0; i < 5; i++) {
      bench.pass(UNKNOWN_TERMINATION_MS - 1);
      bench.transactions.answers.interrogation(Cause.INROGEN, 1);
    }
    expect(bench.take()).toEqual(['forward 1']);
    expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([A]);
    bench.pass(CONFIRMATION_LATE_MS);
    expect(bench.take()).toEqual(['1 terminated', 'forward 2']);
  });

  it('confirms after it has terminated: both reach their master', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.begin(B, GI, PATIENCE);
    expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', '1 terminated', 'forward 2']);
  });
});

describe('commands to all stations', () => {
  const ALL = interrogation(0xffff);
  const run = (bench: Bench, cas: readonly number[]): void => {
    bench.command(A, ALL);
    for (const ca of cas) expect(bench.answer(interrogation(ca), Cause.ACT_CON)).toEqual([A]);
    for (const ca of cas) expect(bench.answer(interrogation(ca), Cause.ACT_TERM)).toEqual([A]);
  };

  it('hold nobody up at a station that has ended', () => {
    const bench = new Bench();
    bench.command(A, ALL);
    bench.begin(B, GI, PATIENCE);
    bench.begin(C, interrogation(2), PATIENCE);
    bench.answer(GI, Cause.ACT_CON);
    bench.answer(GI, Cause.ACT_TERM);
    expect(bench.take()).toEqual(['forward 1', 'forward 2']);
    bench.sent(bench.forwarded[1] as Transaction);
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([B]);
    expect(bench.answer(interrogation(2), Cause.ACT_CON), 'still of the one to all').toEqual([A]);
    expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([B]);
  });

  it('are over when the stations that answered last time have answered', () => {
    const bench = new Bench();
    run(bench, [1, 2]);
    expect(bench.take()).toEqual(['forward 1']);
    bench.pass(STATIONS_QUIET_MS);
    expect(bench.take()).toEqual(['1 terminated']);
    run(bench, [1, 2]);
    expect(bench.take()).toEqual(['forward 1', '1 terminated']);
    // A third one, which had been switched off.
    expect(bench.answer(interrogation(3), Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(interrogation(3), Cause.ACT_TERM)).toEqual([A]);
    run(bench, [1, 2]);
    expect(bench.take(), 'is waited for').toEqual(['forward 1']);
    expect(bench.answer(interrogation(3), Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(interrogation(3), Cause.ACT_TERM)).toEqual([A]);
    expect(bench.take()).toEqual(['1 terminated']);
  });

  it('get nothing that refuses one to a single station, also when it comes twice', () => {
    const bench = new Bench();
    run(bench, [1]);
    bench.pass(STATIONS_QUIET_MS);
    bench.command(B, interrogation(7));
    for (let i = 0; i < 2; i++) expect(bench.answer(interrogation(7), Cause.UNKNOWN_CA, 0, true)).toEqual([B]);
  });

  it('are over when the RTU answers for all of them', () => {
    const bench = new Bench();
    bench.command(A, ALL);
    bench.begin(B, ALL, PATIENCE);
    expect(bench.answer(ALL, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(ALL, Cause.ACT_TERM)).toEqual([A]);
    expect(bench.take()).toEqual(['forward 1', '1 terminated', 'forward 2']);
  });

  it.each([
    ['clock', (ca: number) => clockSync(ca, time)],
    ['reset', (ca: number) => resetProcess(ca)],
    ['counters', (ca: number) => counterInterrogation(ca)],
  ])('of other types (%s): the same', (_name, make) => {
    const bench = new Bench();
    bench.command(A, make(0xffff));
    bench.begin(B, make(1), PATIENCE);
    expect(bench.forwarded).toHaveLength(1);
    bench.answer(make(1), Cause.ACT_CON);
    if (endsWithTermination(make(1)[0] as number)) bench.answer(make(1), Cause.ACT_TERM);
    expect(bench.forwarded).toHaveLength(2);
  });
});

describe('objects of interrogations, where only who asked gets them', () => {
  const asked = (bench: Bench, cot: number, ca = 1, oa = 0): number[] | undefined =>
    bench.transactions.answers.interrogators(cot, ca, oa)?.map(({ session }) => session);

  it('are for whose interrogation runs, by CA and cause', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.command(B, counterInterrogation(1, 2));
    bench.command(C, interrogation(2, 23));
    expect(asked(bench, Cause.INROGEN)).toEqual([A]);
    expect(asked(bench, Cause.REQCO2)).toEqual([B]);
    expect(asked(bench, Cause.INRO3, 2)).toEqual([C]);
    expect(asked(bench, Cause.INROGEN, 2), 'a cause that nobody has asked for').toBeUndefined();
    expect(asked(bench, Cause.REQCOGEN), 'the same').toBeUndefined();
    expect(asked(bench, Cause.INROGEN, 3), 'a station that nobody has asked').toBeUndefined();
  });

  it('are for who asked last after ACT_TERM, if nobody else did lately or the RTU is proven to mirror OAs', () => {
    const bench = new Bench();
    const ask = (session: number): void => {
      bench.command(session, GI);
      bench.answer(GI, Cause.ACT_CON);
      bench.answer(GI, Cause.ACT_TERM);
    };
    ask(A);
    expect(asked(bench, Cause.INROGEN)).toEqual([A]);
    expect(asked(bench, Cause.INRO3), 'another cause').toBeUndefined();
    ask(A);
    expect(asked(bench, Cause.INROGEN)).toEqual([A]);
    ask(B);
    expect(asked(bench, Cause.INROGEN), 'of whom nobody can tell').toBeUndefined();
    bench.pass(INTERROGATION_TIMEOUT_MS);
    ask(B);
    expect(asked(bench, Cause.INROGEN)).toEqual([B]);
    bench.pass(INTERROGATION_TIMEOUT_MS);
    expect(asked(bench, Cause.INROGEN), 'long after').toBeUndefined();
    const proven = new Bench().mirrors();
    proven.command(A, GI);
    proven.answer(GI, Cause.ACT_CON, 10);
    proven.answer(GI, Cause.ACT_TERM, 10);
    expect(asked(proven, Cause.INROGEN, 1, 10)).toEqual([A]);
    expect(asked(proven, Cause.INROGEN, 1, 20)).toBeUndefined();
    proven.transactions.forget(A);
    expect(asked(proven, Cause.INROGEN, 1, 10), 'who asked has left').toBeUndefined();
  });

  it('are for both when the one before was given up without an ACT_TERM: nobody knows where its objects end', () => {
    const bench = new Bench();
    bench.command(A, GI);
    bench.answer(GI, Cause.ACT_CON);
    bench.begin(B, GI, PATIENCE);
    bench.pass(UNKNOWN_TERMINATION_MS);
    bench.sent(bench.forwarded[1] as Transaction);
    expect(asked(bench, Cause.INROGEN)).toEqual([B, A]);
    bench.answer(GI, Cause.ACT_TERM);
    expect(asked(bench, Cause.INROGEN)).toEqual([B]);
  });

  it('are not for who froze counters: that asks for none', () => {
    const bench = new Bench();
    const freeze = counterInterrogation(1, 5, 1);
    bench.command(A, freeze);
    bench.answer(freeze, Cause.ACT_CON);
    expect(asked(bench, Cause.REQCOGEN)).toBeUndefined();
    bench.pass(UNKNOWN_TERMINATION_MS);
    bench.command(B, counterInterrogation(1, 5));
    expect(asked(bench, Cause.REQCOGEN)).toEqual([B]);
  });

  it.each([
    ['was refused', true, [A]],
    ['had its ACT_TERM', false, undefined],
  ])(
    'that was given up unanswered count as asked for when a later one of another master %s',
    (_, refused, expected) => {
      const bench = new Bench();
      bench.command(A, GI);
      bench.begin(B, GI, PATIENCE);
      bench.pass(ANSWER_TIMEOUT_MS);
      bench.sent(bench.forwarded[1] as Transaction);
      bench.answer(GI, Cause.ACT_CON, 0, refused);
      if (!refused) bench.answer(GI, Cause.ACT_TERM);
      expect(bench.transactions.size).toBe(0);
      expect(asked(bench, Cause.INROGEN)).toEqual(expected);
    },
  );
});

it('what the RTU sends of its own is none of a private command under way; what it answers is its master’s', () => {
  const bench = new Bench();
  const secret = Uint8Array.of(200, 1, 6, 0, 1, 0, 5, 0, 0, 1, 2, 3);
  bench.command(A, secret);
  const requested = (octets: Uint8Array): number[] | undefined =>
    bench.transactions.answers.requested(octets, 0, bench.link)?.map(({ session }) => session);
  const object = Uint8Array.of(200, 1, Cause.REQ, 0, 1, 0, 5, 0, 0, 7);
  expect(requested(object)).toEqual([A]);
  expect(requested(Uint8Array.of(200, 1, Cause.REQ, 0, 1, 0, 6, 0, 0, 7)), 'another object').toBeUndefined();
  expect(bench.raw(mirror(secret, Cause.ACT_CON, false))).toEqual([A]);
  bench.pass(UNSEEN_TERMINATION_MS);
  expect(requested(object), 'nobody asks for it any more').toBeUndefined();
});
