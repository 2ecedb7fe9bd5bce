import type { Bus } from '@iec104mm2ss/bus';
import { CHANGES, type Logger, type LogRing, RING_LINES } from '@iec104mm2ss/observability';

/** The journal of who changed what: `changes.jsonl` beside the audit records, where everything runs in one process. */
const JOURNAL = 'changes';
const LIMITS = { maxEntries: RING_LINES, maxOctets: 4 * 1024 * 1024 };

/**
 * Gives the ring the changes that earlier runs of this process have kept, and keeps those that come. What cannot be kept is there
 * until the process ends; the log says so, once until it works again.
 */
export async function keepChanges(
  bus: Pick<Bus, 'journal'>,
  ring: LogRing,
  logger: Pick<Logger, 'error'>,
  instance: string,
): Promise<void> {
  const journal = bus.journal(JOURNAL, LIMITS);
  const earlier = await journal.read(undefined, RING_LINES);
  ring.restore(
    CHANGES,
    earlier.map((entry) => Buffer.from(entry).toString('utf8')),
  );
  let isFailing = false;
  ring.onChange = ({ seq, line }) => {
    journal.append(JOURNAL, `${instance}-${seq}`, Buffer.from(line.trimEnd())).then(
      () => (isFailing = false),
      (error: unknown) => {
        if (!isFailing) logger.error({ reason: String(error) }, 'changes are not kept over the end of this process');
        isFailing = true;
      },
    );
  };
}
