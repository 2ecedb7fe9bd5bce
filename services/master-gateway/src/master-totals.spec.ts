import { expect, it } from 'vitest';
import { MasterTotals } from './master-totals.js';

interface Session {
  readonly identity: { name: string | null };
  readonly connection: { readonly link: { sent: number; acknowledged: number }; lastAcknowledgedAt: number };
  readonly queue: { readonly highWater: number };
}
const session = (name: string | null, sent: number, acknowledged: number, lastAcknowledgedAt = -Infinity): Session => ({
  identity: { name },
  connection: { link: { sent, acknowledged }, lastAcknowledgedAt },
  queue: { highWater: 0 },
});

/** Sent and acknowledged of each name, and when it last acknowledged. */
function all(totals: MasterTotals, names: string[], ...sessions: Session[]): Record<string, readonly number[]> {
  const found = totals.all(names, sessions as never[]);
  return Object.fromEntries(Array.from(found, ([name, total]) => [name, Object.values(total) as number[]]));
}

it('several connections of one master are added up, with those that have ended; the latest acknowledgement counts', () => {
  const totals = new MasterTotals();
  const first = session('A', 7, 4, 1_000);
  expect(all(totals, ['A', 'B'], first, session('A', 3, 3, 500), session(null, 9, 9, 2_000))).toEqual({
    A: [10, 7, 1_000],
    B: [0, 0, -Infinity],
  });
  totals.ended(first as never);
  expect(all(totals, ['A'], session('A', 1, 0))).toEqual({ A: [8, 4, 1_000] });
});

it('a session that gets another name leaves what it was sent with the name that it had: no counter goes back or jumps', () => {
  const totals = new MasterTotals();
  const one = session('A', 100, 90, 1_000);
  const rename = (name: string | null): void => {
    totals.renaming(one as never);
    one.identity.name = name;
  };
  rename('B');
  expect(all(totals, ['A', 'B'], one)).toMatchObject({ A: [100, 90, 1_000], B: [0, 0, 1_000] });
  one.connection.link.sent = 110;
  one.connection.link.acknowledged = 105;
  expect(all(totals, ['A', 'B'], one)).toMatchObject({ A: [100, 90, 1_000], B: [10, 15, 1_000] });
  rename(null);
  one.connection.link.sent = 200;
  rename('A');
  one.connection.link.sent = 203;
  expect(all(totals, ['A', 'B'], one)).toMatchObject({ A: [103, 90, 1_000], B: [10, 15, 1_000] });
  totals.ended(one as never);
  expect(all(totals, ['A', 'B'])).toMatchObject({ A: [103, 90, 1_000], B: [10, 15, 1_000] });
});

it('a name that the file has no more is not told of, and goes on where it was when it is back', () => {
  const totals = new MasterTotals();
  totals.ended(session('A', 5, 5, 1) as never);
  expect(all(totals, ['B'], session('A', 3, 3))).toEqual({ B: [0, 0, -Infinity] });
  expect(all(totals, ['A'])).toEqual({ A: [5, 5, 1] });
});
