/** What is wrong with a group, worst first. The list sorts by it, and its chips count it. */
import type { OverviewRow } from '@iec104mm2ss/console-api';

export type Severity = 'bad' | 'warn' | 'fine';

export interface Trouble {
  readonly kind: TroubleKind;
  readonly severity: 'bad' | 'warn';
  readonly text: string;
}

export type TroubleKind =
  'rtu-down' | 'silent' | 'log-full' | 'trouble' | 'below-expected' | 'lagging' | 'observe' | 'edited';

/** The chips, in their order: what each kind is called. */
export const KINDS: readonly { readonly kind: TroubleKind; readonly label: string; readonly tip: string }[] = [
  { kind: 'rtu-down', label: 'RTU down', tip: 'No connection to the RTU, so no master is let in' },
  {
    kind: 'silent',
    label: 'silent',
    tip: 'A part that serves the group does not answer: what only it knows is not known now',
  },
  {
    kind: 'log-full',
    label: 'log full',
    tip: 'The RTU gets no acknowledgement until a master has acknowledged events',
  },
  { kind: 'trouble', label: 'trouble', tip: 'Something that the group needs cannot be used' },
  { kind: 'below-expected', label: 'below expected masters', tip: 'Named masters that are not started' },
  { kind: 'lagging', label: 'lagging', tip: 'A queue is more than half full, or the event log is' },
  { kind: 'observe', label: 'observe', tip: 'Observe mode: only monitoring passes, commands are refused' },
  { kind: 'edited', label: 'edited', tip: 'Runs with values that are not in the file, until restart' },
];

const HALF = 0.5;
const isHalf = (value: number | null, of: number | null): boolean =>
  value !== null && of !== null && of > 0 && value / of > HALF;

/** A row is a new object when it has changed. */
const known = new WeakMap<OverviewRow, readonly Trouble[]>();

export function troublesOf(row: OverviewRow): readonly Trouble[] {
  let troubles = known.get(row);
  if (troubles === undefined) known.set(row, (troubles = findTroubles(row)));
  return troubles;
}

function findTroubles(row: OverviewRow): readonly Trouble[] {
  const found: Trouble[] = [];
  const add = (kind: TroubleKind, severity: 'bad' | 'warn', text: string): void => {
    found.push({ kind, severity, text });
  };
  if (row.silent.length > 0)
    add('silent', 'bad', `${row.silent.join(', ')} ${row.silent.length > 1 ? 'do' : 'does'} not answer`);
  if (row.unserved.length > 0) add('silent', 'bad', `nobody serves it as ${row.unserved.join(', ')}`);
  if (isDown(row)) add('rtu-down', 'bad', row.lastError ?? 'no connection to the RTU');
  if (row.full) add('log-full', 'bad', 'event log full');
  for (const { what, reason } of row.trouble) add('trouble', 'bad', `${what}: ${reason}`);
  // While the RTU is away no master can be there.
  if (row.mastersMissing.length > 0 && !isDown(row)) {
    add('below-expected', 'warn', `not there: ${row.mastersMissing.join(', ')}`);
  }
  if (isHalf(row.queue, row.queueLimit)) add('lagging', 'warn', 'a master lags');
  else if (!row.full && isHalf(row.unconfirmed, row.capacity)) add('lagging', 'warn', 'the event log fills');
  if (row.observe !== null) add('observe', 'warn', `observe mode: ${row.observe}`);
  if (row.edited) add('edited', 'warn', 'runs with values that are not in the file');
  return found;
}

/** Known to be without a connection; `null` is not known. */
export const isDown = ({ state }: OverviewRow): boolean => state === 'disconnected' || state === 'connecting';

export function severityOf(troubles: readonly Trouble[]): Severity {
  if (troubles.some(({ severity }) => severity === 'bad')) return 'bad';
  return troubles.length > 0 ? 'warn' : 'fine';
}
