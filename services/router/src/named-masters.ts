import { UNKNOWN_KEPT_MS } from './cursors.js';
import type { GroupParts } from './group-parts.js';

/** How one master of the column "masters" is doing. */
export interface NamedMasterFigures {
  readonly name: string;
  readonly connected: boolean;
  readonly started: boolean;
  /** ASDUs of the log that it has not acknowledged; of one that is away those for others count, too. */
  readonly lag: number;
  /** Age of the oldest of them, s. */
  readonly oldestSeconds: number;
}

type Parts = Pick<GroupParts, 'row' | 'table' | 'cursors' | 'delivery' | 'clock'>;

/** Every master that the file names, whether it is here or not. */
export function namedMasters({ row, table, cursors, delivery, clock }: Parts): NamedMasterFigures[] {
  const sessions = table.all();
  const { routed } = delivery;
  return row.config.masters.map(({ name }) => {
    const own = sessions.filter((session) => session.name === name);
    const started = own.filter((session) => session.started);
    const reached = started.map((session) => delivery.neededBy(session));
    const position = Math.max(cursors.position(name) ?? routed, ...reached);
    const lag = Math.max(0, routed - position);
    const oldestSeconds = lag === 0 ? 0 : secondsSince(delivery.times.at(position), clock.wallMs());
    return { name, connected: own.length > 0, started: started.length > 0, lag, oldestSeconds };
  });
}

/**
 * Asks the log how old is what earlier owners of the group have routed, and named masters have not got. What cannot be read counts
 * as received when this owner began.
 */
export async function learnAges({
  cursors,
  delivery,
  log,
}: Pick<GroupParts, 'cursors' | 'delivery' | 'log'>): Promise<void> {
  const positions = new Set(Object.values(cursors.positions));
  // The latest first, so that each is before all that is known.
  for (const position of [...positions].sort((a, b) => b - a)) {
    if (position >= Math.min(delivery.routed, delivery.times.first)) continue;
    const [record] = await log.read(position, 1).catch(() => []);
    if (record !== undefined) delivery.times.addBefore(position, record.receivedAt);
  }
}

/** These names the file does not have any more: what becomes of the events that are kept for them. */
export function tellUnnamed(
  { cursors, logger }: Pick<GroupParts, 'cursors' | 'logger'>,
  names: readonly string[],
): void {
  for (const name of names) {
    const position = cursors.position(name);
    if (position === undefined) continue;
    const minutes = UNKNOWN_KEPT_MS / 60_000;
    const text = `${name} is not named by the file any more: what it has not got is given up, unless it is named again within ${minutes} min`;
    logger.warn({ name, position }, text);
  }
}

/** Age of the oldest event that no master has acknowledged, s; 0: there is none. */
export function undeliveredSeconds({ delivery, clock }: Pick<GroupParts, 'delivery' | 'clock'>): number {
  const { confirmed } = delivery.mark;
  return confirmed >= delivery.routed ? 0 : secondsSince(delivery.times.at(confirmed), clock.wallMs());
}

/** The connector's clock and ours may differ a little. */
function secondsSince(ms: number | undefined, now: number): number {
  return ms === undefined ? 0 : Math.max(0, now - ms) / 1000;
}
