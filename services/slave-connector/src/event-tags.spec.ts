import { Cause, encodeAsdu, epochMsToCp56, mirror, singleCommand } from '@iec104mm2ss/iec104';
import { describe, expect, it } from 'vitest';
import { eventTags, isAnswer } from './event-tags.js';

const AT = Date.UTC(2026, 5, 1, 12, 0, 0, 123);
const at = (ms: number, iv = false) => epochMsToCp56(AT + ms, { iv });

describe('the time tags of an event', () => {
  it('are those of its objects, in every type that has CP56Time2a', () => {
    const single = encodeAsdu({ type: 'M_SP_TB_1', cot: 3, ca: 1, objects: [{ ioa: 1, value: true, time: at(5) }] });
    expect(eventTags(single)).toEqual({ earliest: AT + 5, latest: AT + 5 });
    const floats = [3, 1, 2].map((ms) => ({ ioa: ms, value: 1.5, time: at(ms) }));
    const several = encodeAsdu({ type: 'M_ME_TF_1', cot: 1, ca: 1, objects: floats });
    expect(eventTags(several)).toEqual({ earliest: AT + 1, latest: AT + 3 });
  });

  it('count with a sequence behind one address too', () => {
    const objects = [1, 2].map((ioa) => ({ ioa, value: true, time: at(ioa) }));
    const asdu = encodeAsdu({ type: 'M_SP_TB_1', cot: 3, ca: 1, sq: true, objects });
    expect(eventTags(asdu)).toEqual({ earliest: AT + 1, latest: AT + 2 });
  });

  it('are none when one of them is invalid, or names no instant', () => {
    const objects = [at(1), at(2, true)].map((time, ioa) => ({ ioa, value: true, time }));
    expect(eventTags(encodeAsdu({ type: 'M_SP_TB_1', cot: 3, ca: 1, objects }))).toBeUndefined();
    const time = { ...at(1), month: 0 };
    const asdu = encodeAsdu({ type: 'M_SP_TB_1', cot: 3, ca: 1, objects: [{ ioa: 1, value: true, time }] });
    expect(eventTags(asdu)).toBeUndefined();
  });

  it('are none without tag, with CP24Time2a, in answers, commands, files, and in octets that do not fit their type', () => {
    const object = { ioa: 1, value: true };
    const plain = encodeAsdu({ type: 'M_SP_NA_1', cot: 3, ca: 1, objects: [object] });
    const cp24 = { minute: 1, milliseconds: 2, iv: false, substituted: false };
    const short = encodeAsdu({ type: 'M_SP_TA_1', cot: 3, ca: 1, objects: [{ ...object, time: cp24 }] });
    const timed = { ...object, time: at(1) };
    const answer = encodeAsdu({ type: 'M_SP_TB_1', cot: Cause.REQ, ca: 1, objects: [timed] });
    const command = Uint8Array.from(encodeAsdu({ type: 'M_SP_TB_1', cot: 3, ca: 1, objects: [timed] }));
    command[0] = 58;
    const event = encodeAsdu({ type: 'M_SP_TB_1', cot: 3, ca: 1, objects: [timed] });
    const none = Uint8Array.from(event.subarray(0, 6));
    none[1] = 0;
    for (const asdu of [plain, short, answer, command, event.subarray(0, event.length - 1), none]) {
      expect(eventTags(asdu)).toBeUndefined();
    }
  });
});

it('answers are what somebody asked for', () => {
  const withCause = (cot: number) => encodeAsdu({ type: 'M_SP_NA_1', cot, ca: 1, objects: [{ ioa: 1, value: true }] });
  const causes = Array.from({ length: 64 }, (_, cot) => cot).filter((cot) => isAnswer(withCause(cot)));
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  expect(causes).toEqual([...range(5, 10), ...range(20, 41), ...range(44, 47)]);
  expect(isAnswer(mirror(singleCommand(1, 5, true), Cause.ACT_CON, true))).toBe(true);
});
