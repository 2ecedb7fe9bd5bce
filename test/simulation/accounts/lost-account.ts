import type { Ledger } from './ledger.ts';
import type { Violations } from './violations.ts';

/** At the end of a story: what the RTU was told is safe must have come to some master. */
export function checkAcknowledged(ledger: Ledger, violations: Violations): void {
  const lost = ledger.entries.filter(
    (entry) =>
      entry.kind === 'event' &&
      entry.acknowledgedAt !== undefined &&
      entry.receivedBy.size === 0 &&
      !ledger.isExcused(entry) &&
      !ledger.mayHaveCome(entry),
  );
  const [first] = lost;
  if (first === undefined) return;
  const acknowledged = `the first, #${first.index}, was acknowledged at ${first.acknowledgedAt?.toFixed(0)}`;
  violations.add('lost', `${lost.length} events of ${ledger.group} came to nobody; ${acknowledged}`);
}
