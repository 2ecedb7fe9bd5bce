import { describe, expect, it } from 'vitest';
import { AsduView, Cause, interrogation, mirror, singleCommand } from '@iec104mm2ss/iec104';
import { apdus, eventAsdu } from '@iec104mm2ss/testing';
import { PendingCommands } from './pending-commands.js';

const DEADLINE = 5_000;
const OWNER = 3;

function pending(...asdus: Uint8Array[]): PendingCommands {
  const commands = new PendingCommands();
  const octets = apdus(asdus);
  commands.add(octets, 0, octets.length, DEADLINE, OWNER);
  return commands;
}

const describeRefusals = (refusals: readonly Uint8Array[]): string[] =>
  refusals.map((asdu) => {
    const { typeId, cot, negative, ioa } = new AsduView(asdu);
    return `${typeId}/${ioa} cot ${cot}${negative ? ' negative' : ''}`;
  });

describe('commands without an answer', () => {
  it('are refused once when another router owns the group', () => {
    const commands = pending(singleCommand(1, 5, true), singleCommand(1, 6, true, { cot: Cause.DEACT }));
    expect(commands.refusals(0, OWNER, true)).toEqual([]);
    expect(describeRefusals(commands.refusals(0, OWNER + 1, true))).toEqual([
      '45/5 cot 7 negative',
      '45/6 cot 9 negative',
    ]);
    expect(commands.refusals(0, OWNER + 1, true)).toEqual([]);
  });

  it('are refused at their deadline when no router lives, and left to it when one does', () => {
    const commands = pending(singleCommand(1, 5, true));
    expect(commands.refusals(DEADLINE - 1, OWNER, false)).toEqual([]);
    expect(describeRefusals(commands.refusals(DEADLINE, OWNER, false))).toEqual(['45/5 cot 7 negative']);
    const others = pending(singleCommand(1, 5, true));
    expect(others.refusals(DEADLINE + 999, OWNER, true)).toEqual([]);
    expect(others.size).toBe(1);
    expect(others.refusals(DEADLINE + 1_000, OWNER, true)).toEqual([]);
    expect(others.size).toBe(0);
  });

  it('are refused after their time when the bus was away meanwhile: nobody may know of them', () => {
    const commands = pending(singleCommand(1, 5, true));
    commands.doubt();
    expect(commands.refusals(DEADLINE + 999, OWNER, true)).toEqual([]);
    expect(describeRefusals(commands.refusals(DEADLINE + 1_000, OWNER, true))).toEqual(['45/5 cot 7 negative']);
  });

  it('are no more when they are answered, each by one answer', () => {
    const command = singleCommand(1, 5, true);
    const commands = pending(command, command, interrogation(0xffff));
    const answer = (asdu: Uint8Array): void => commands.answered(apdus([asdu]), 0);
    answer(eventAsdu(1, { ioa: 5 }));
    answer(mirror(singleCommand(1, 6, true), Cause.ACT_CON, false));
    // To an earlier one.
    answer(mirror(singleCommand(1, 5, false), Cause.ACT_CON, false));
    expect(commands.size).toBe(3);
    answer(mirror(command, Cause.ACT_CON, false));
    expect(commands.size).toBe(2);
    answer(mirror(interrogation(7), Cause.ACT_CON, false));
    expect(commands.size).toBe(1);
    commands.clear();
    expect(commands.size).toBe(0);
  });

  it('are watched over up to a bound', () => {
    const commands = new PendingCommands();
    for (let i = 0; i < 1_005; i++) {
      const octets = apdus([singleCommand(1, i, true)]);
      commands.add(octets, 0, octets.length, DEADLINE, OWNER);
    }
    expect(commands.size).toBe(1_000);
    expect(new AsduView(commands.refusals(0, OWNER + 1, true)[0] as Uint8Array).ioa).toBe(5);
  });
});
