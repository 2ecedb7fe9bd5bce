import { describe, expect, it } from 'vitest';
import {
  AsduView,
  Cause,
  COT_NEGATIVE_BIT,
  interrogation,
  mirror,
  readCommand,
  singleCommand,
} from '@iec104mm2ss/iec104';
import { apdus, eventAsdu } from '@iec104mm2ss/testing';
import { MAX_PENDING, PendingCommands, type TakenCommands } from './pending-commands.js';

const TERMS = { connectorFence: 3, deadline: 5_000 };

function take(
  commands: PendingCommands,
  asdus: readonly Uint8Array[],
  terms: typeof TERMS | undefined = TERMS,
  now = 0,
) {
  const octets = apdus(asdus);
  return commands.take(octets, 0, octets.length, terms, now);
}

function pending(...asdus: Uint8Array[]): PendingCommands {
  const commands = new PendingCommands();
  take(commands, asdus);
  return commands;
}

const answer = (commands: PendingCommands, ...asdus: Uint8Array[]): void => commands.answered(apdus(asdus), 0);
const answers = (commands: PendingCommands): unknown[] =>
  commands.statement(9_999, 0).map(({ command, answered }) => [command, answered]);

const describeRefusals = ({ refusals }: TakenCommands): string[] =>
  refusals.map((asdu) => {
    const { typeId, cot, negative, ioa } = new AsduView(asdu);
    return `${typeId}/${ioa} cot ${cot}${negative ? ' negative' : ''}`;
  });

describe('commands of a master', () => {
  it('are numbered within the session and kept until they are settled', () => {
    const commands = new PendingCommands();
    const asdus = [singleCommand(1, 5, true), singleCommand(1, 6, true)];
    expect(take(commands, asdus, TERMS, 100)).toEqual({ first: 1, refusals: [] });
    expect(take(commands, [interrogation(1)], TERMS, 200)).toMatchObject({ first: 3 });
    expect(commands.next).toBe(4);
    expect(commands.statement(2, 250)).toEqual([
      {
        command: 1,
        asdu: Buffer.from(asdus[0] as Uint8Array).toString('base64'),
        ...TERMS,
        ageMs: 150,
        answered: null,
      },
      expect.objectContaining({ command: 2 }),
    ]);
    commands.settle([2, 77, 1]);
    commands.settle([2]);
    expect(answers(commands)).toEqual([[3, null]]);
  });

  it('are refused when there is nobody to give them to, and kept with that answer', () => {
    const commands = new PendingCommands();
    const octets = apdus([singleCommand(1, 5, true), singleCommand(1, 6, true, { cot: Cause.DEACT })]);
    const taken = commands.take(octets, 0, octets.length, undefined, 0);
    expect(describeRefusals(taken)).toEqual(['45/5 cot 7 negative', '45/6 cot 9 negative']);
    expect(commands.statement(10, 0)).toMatchObject([
      { command: 1, connectorFence: 0, deadline: 0, answered: Cause.ACT_CON | COT_NEGATIVE_BIT },
      { command: 2, connectorFence: 0, deadline: 0, answered: Cause.DEACT_CON | COT_NEGATIVE_BIT },
    ]);
  });

  it('are full at a bound, and say when there is room for half of it again', () => {
    let room = 0;
    const commands = new PendingCommands(() => room++);
    for (let i = 1; i < MAX_PENDING; i++) take(commands, [singleCommand(1, i, true)]);
    expect(commands.full).toBe(false);
    // What has been read is taken all the same.
    expect(take(commands, [singleCommand(1, 5_000, true), singleCommand(1, 5_001, true)]).refusals).toEqual([]);
    expect([commands.full, commands.size]).toEqual([true, MAX_PENDING + 1]);
    commands.settle(Array.from({ length: MAX_PENDING / 2 }, (_, i) => i + 1));
    expect([commands.full, room]).toEqual([false, 0]);
    commands.settle([MAX_PENDING / 2 + 1]);
    commands.settle([MAX_PENDING / 2 + 2]);
    expect(room).toBe(1);
  });
});

describe('an answer that goes to the master', () => {
  it('belongs to the oldest command that it fits and that has none', () => {
    const command = singleCommand(1, 5, true);
    const commands = pending(command, command, interrogation(0xffff));
    answer(commands, mirror(singleCommand(1, 6, true), Cause.ACT_CON, false));
    answer(commands, eventAsdu(1, { ioa: 5 }));
    expect(answers(commands)).toEqual([
      [1, null],
      [2, null],
      [3, null],
    ]);
    answer(commands, mirror(command, Cause.ACT_CON, false), mirror(interrogation(7), Cause.ACT_CON, false));
    expect(answers(commands)).toEqual([
      [1, 7],
      [2, null],
      [3, 7],
    ]);
    answer(commands, mirror(command, Cause.ACT_CON, true));
    expect(answers(commands)).toEqual([
      [1, 7],
      [2, 0x47],
      [3, 7],
    ]);
  });

  it('belongs to the command of which it repeats most: stations lose qualifiers and limit values', () => {
    const commands = pending(singleCommand(1, 5, true, { qualifier: 2 }), singleCommand(1, 5, false, { qualifier: 2 }));
    answer(commands, mirror(singleCommand(1, 5, false), Cause.ACT_CON, false));
    expect(answers(commands)).toEqual([
      [1, null],
      [2, 7],
    ]);
  });

  it('belongs to the only one that waits when it repeats nothing, if it has the cause of an answer', () => {
    const commands = pending(singleCommand(1, 5, true));
    const other = singleCommand(1, 0, false);
    answer(commands, mirror(other, Cause.SPONT, false), mirror(other, Cause.INROGEN, false));
    expect(answers(commands)).toEqual([[1, null]]);
    answer(commands, mirror(other, Cause.UNKNOWN_IOA, true));
    expect(answers(commands)).toEqual([[1, Cause.UNKNOWN_IOA | COT_NEGATIVE_BIT]]);
    const two = pending(singleCommand(1, 5, true), singleCommand(1, 6, true));
    answer(two, mirror(other, Cause.UNKNOWN_IOA, true));
    expect(answers(two)).toEqual([
      [1, null],
      [2, null],
    ]);
  });

  it('is noted once more when it terminates a command that was confirmed', () => {
    const command = singleCommand(1, 5, true);
    const commands = pending(command, command);
    answer(commands, mirror(command, Cause.ACT_CON, true), mirror(command, Cause.ACT_CON, false));
    answer(commands, mirror(command, Cause.ACT_TERM, false));
    expect(answers(commands)).toEqual([
      [1, 0x47],
      [2, 10],
    ]);
  });

  it('has its T bit left out', () => {
    const command = singleCommand(1, 5, true, { test: true });
    const commands = pending(command);
    answer(commands, mirror(command, Cause.UNKNOWN_IOA, true));
    expect(answers(commands)).toEqual([[1, 47 | COT_NEGATIVE_BIT]]);
  });

  it('may be the refusal of what is no command, or too short to be one', () => {
    const short = Uint8Array.of(45, 1, Cause.ACT, 0, 1, 0);
    const commands = pending(short, eventAsdu(1, { cot: Cause.ACT }), readCommand(1, 9));
    answer(commands, mirror(eventAsdu(1, { cot: Cause.ACT }), Cause.UNKNOWN_TYPE, true), mirror(short, 7, true));
    expect(answers(commands)).toEqual([
      [1, 0x47],
      [2, 44 | COT_NEGATIVE_BIT],
      [3, null],
    ]);
  });
});
