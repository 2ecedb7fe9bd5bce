import { FakeClock } from '@iec104mm2ss/testing';
import { beforeEach, expect, it, vi } from 'vitest';
import { AGE_SPACING_MS, AgeTurns } from './age-turns.js';
import { newSession, type Session } from './session.js';

let clock: FakeClock;
let sessions: Map<number, Session>;
let changed: ReturnType<typeof vi.fn<() => void>>;
let turns: AgeTurns;

function session(id: number, name: string | null, certificateName: string | null, gateway = 'g1'): Session {
  const peer = { address: '10.0.0.1', port: id, oa: id, since: 0, connection: id };
  const made = newSession({ id, gateway, name, certificateName, ...peer }, clock.now());
  made.aged = true;
  sessions.set(id, made);
  return made;
}

function newTurns(first: boolean): AgeTurns {
  const table = { all: () => [...sessions.values()], get: (id: number) => sessions.get(id) };
  return new AgeTurns({ clock, table, changed }, first);
}

async function passes(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(left, 1_000));
    turns.tick(clock.now());
  }
}

beforeEach(() => {
  clock = new FakeClock();
  sessions = new Map();
  changed = vi.fn<() => void>();
  turns = newTurns(true);
});

it('is that of one connection of a master, whichever gateways have them; others get theirs at the same time', () => {
  session(1, 'A', 'cn:a', 'g1');
  session(2, 'A', 'cn:a2', 'g2');
  session(3, 'B', 'cn:b');
  session(4, null, 'cn:x', 'g1');
  session(5, null, 'cn:x', 'g2');
  session(6, null, 'cn:y');
  session(7, 'C', 'cn:c').aged = false;
  turns.tick(clock.now());
  expect(turns.sessions).toEqual([1, 3, 4, 6]);
  expect(changed).toHaveBeenCalledTimes(1);
  turns.tick(clock.now());
  expect(changed).toHaveBeenCalledTimes(1);
});

it('is followed by the next one when the master has had the time to come back', async () => {
  session(1, 'A', 'cn:a', 'g1');
  session(2, 'A', 'cn:a', 'g2');
  turns.tick(clock.now());
  // Its gateway cannot be heard: it may end the session at any time.
  await passes(3 * AGE_SPACING_MS);
  expect(turns.sessions).toEqual([1]);
  sessions.delete(1);
  await passes(1_000);
  expect(turns.sessions).toEqual([]);
  session(3, 'A', 'cn:a', 'g1').aged = false;
  await passes(AGE_SPACING_MS - 1_000);
  expect(turns.sessions).toEqual([]);
  await passes(1_000);
  expect(turns.sessions).toEqual([2]);
});

it('goes to another one when something is under way again, and not at once: its gateway may end it in that moment', async () => {
  const busy = session(1, 'A', 'cn:a');
  session(2, 'A', 'cn:a', 'g2');
  turns.tick(clock.now());
  busy.aged = false;
  await passes(AGE_SPACING_MS);
  expect(turns.sessions).toEqual([]);
  await passes(1_000);
  expect(turns.sessions).toEqual([2]);
});

it("is nobody's for a while after a takeover: the owner before may have ended one just now", async () => {
  turns = newTurns(false);
  session(1, 'A', 'cn:a');
  await passes(AGE_SPACING_MS - 1_000);
  expect(turns.sessions).toEqual([]);
  await passes(1_000);
  expect(turns.sessions).toEqual([1]);
});
