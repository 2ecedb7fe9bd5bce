import { parseConfiguration, type GroupConfig } from '@iec104mm2ss/config';
import {
  Cause,
  clockSync,
  epochMsToCp56,
  interrogation,
  readCommand,
  resetProcess,
  singleCommand,
} from '@iec104mm2ss/iec104';
import { createLogger } from '@iec104mm2ss/observability';
import { NO_TIME } from '@iec104mm2ss/runtime';
import { groupConfig } from '@iec104mm2ss/testing';
import { describe, expect, it } from 'vitest';
import { ClockRule } from './clock-rule.js';
import { CommandDoor, type DoorSession } from './command-door.js';
import type { LiveRow } from './live-row.js';
import { MasterRights } from './rights.js';

function rightsOf(text: string): GroupConfig['rights'] {
  const cells = `7,R,2404,1,,,,,,,,,,,10.9.9.9:2404,,"A=10.0.0.1;B=10.0.0.2","${text}"`;
  const header =
    'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter,masters,rights';
  const { groups, problems } = parseConfiguration(`${header}\n${cells}`);
  if (groups[0] === undefined) throw new Error(JSON.stringify(problems));
  return groups[0].rights;
}

function setUp(text: string) {
  const row: LiveRow = { config: groupConfig({ rights: rightsOf(text) }) };
  const observe = { on: false };
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const { logger } = createLogger({ level: 'info', destination: { write } });
  const door = new CommandDoor(new MasterRights(row), observe, new ClockRule(row, NO_TIME), logger);
  return { row, observe, lines, door };
}

function session(name: string | null, changes: Partial<DoorSession> = {}): DoorSession {
  const address = name === 'A' ? '10.0.0.1' : '10.0.0.9';
  return { id: 5, address, peer: `${address}:1`, name, certificateName: null, ...changes };
}

const ON = singleCommand(1, 500, true);
/** F_FR_NA_1. */
const FILE = Uint8Array.of(120, 1, Cause.FILE, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0);

describe('the door for commands', () => {
  it('refuses what the master has no right to, with the cause that a station would use', () => {
    const { door, lines } = setUp('A=control@1-2;*=monitor');
    const stranger = session(null);
    expect(door.judge(ON, stranger)).toEqual({
      kind: 'refused',
      cause: Cause.ACT_CON,
      reason: 'no right to control',
    });
    const off = singleCommand(1, 500, false, { cot: Cause.DEACT });
    expect(door.judge(off, stranger)).toMatchObject({ cause: Cause.DEACT_CON });
    expect(door.judge(FILE, stranger)).toMatchObject({ cause: Cause.FILE });
    expect(door.judge(ON, session('A'))).toMatchObject({ reason: 'no right to control of CA 1, IOA 500' });
    expect(door.judge(interrogation(1), stranger)).toBe(undefined);
    expect(door.refused).toEqual({ rights: 4, observe: 0, clock: 0 });
    expect(lines[0]).toMatchObject({
      event: 'command_not_allowed',
      event_id: 'MM2SS:3.1',
      severity: 'warning',
      session: 5,
      peer: '10.0.0.9:1',
      type: 'C_SC_NA_1',
      ca: 1,
      ioa: 500,
      reason: 'no right to control',
    });
  });

  it('tells a master that may not read a station that there is no such object', () => {
    const { door } = setUp('*=monitor@ca:2');
    expect(door.judge(readCommand(1, 5), session(null))).toMatchObject({ cause: Cause.UNKNOWN_IOA });
    expect(door.judge(readCommand(2, 5), session(null))).toBe(undefined);
  });

  it('takes rights as they are now: another row, another name', () => {
    const { door, row } = setUp('A=control;*=monitor');
    const master = { ...session('A'), name: 'A' as string | null };
    expect(door.judge(ON, master)).toBe(undefined);
    expect(door.maySelect(1, 500, master)).toBe(true);
    master.name = null;
    expect(door.veto(ON, master)).toBe('no right to control');
    master.name = 'A';
    expect(door.veto(ON, master)).toBe(undefined);
    row.config = groupConfig({ rights: rightsOf('A=monitor') });
    expect(door.veto(ON, master)).toBe('no right to control');
    expect(door.maySelect(1, 500, master)).toBe(false);
    row.config = groupConfig({ rights: undefined });
    expect(door.veto(ON, master)).toBe(undefined);
  });

  it('knows a master by its certificate', () => {
    const { door } = setUp('cn:scada-a=control;*=monitor');
    expect(door.judge(ON, session(null, { certificateNames: ['cn:scada-a'] }))).toBe(undefined);
    expect(door.judge(ON, session(null, { certificateNames: ['cn:scada-b'] }))).toMatchObject({ kind: 'refused' });
  });

  it('looks at the clock rule once more when the turn of a command comes', () => {
    const { door, row } = setUp('*=all');
    const sync = clockSync(1, epochMsToCp56(1e12));
    expect(door.veto(sync, session('A'))).toBe(undefined);
    row.config = groupConfig({ clock: { kind: 'master', name: 'B' } });
    expect(door.veto(sync, session('A'))).toBe('only B may set the clock');
    row.config = groupConfig({ clock: { kind: 'refuse' } });
    expect(door.veto(sync, session('A'))).toBe('clock = refuse');
    expect(door.veto(ON, session('A'))).toBe(undefined);
  });

  it('lets nothing but monitoring pass in observe mode, whoever asks', () => {
    const { door, observe } = setUp('*=all');
    observe.on = true;
    for (const asdu of [ON, FILE, resetProcess(1), clockSync(1, epochMsToCp56(1e12))]) {
      expect(door.judge(asdu, session('A'))).toMatchObject({ kind: 'refused', reason: 'observe mode' });
      expect(door.veto(asdu, session('A'))).toBe('observe mode');
    }
    expect(door.judge(interrogation(1), session('A'))).toBe(undefined);
    expect(door.veto(interrogation(1), undefined)).toBe(undefined);
    expect(door.maySelect(1, 500, session('A'))).toBe(false);
    expect(door.refused.observe).toBe(4);
  });
});
