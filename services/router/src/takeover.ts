import type { Bus, GroupSubjects } from '@iec104mm2ss/bus';
import { BusError, leaseKey } from '@iec104mm2ss/bus';
import { type Logger, noPeer } from '@iec104mm2ss/observability';
import type { Clock, Timers } from '@iec104mm2ss/runtime';
import { type CommandReport, decodeCommandReport, encodeCommandQuery, TAKEOVER_MS, WireError } from '@iec104mm2ss/wire';
import type { GroupRouter } from './group-router.js';
import type { Legacy } from './state-store.js';

/** Pause before a state that could not be read is read again. */
const LOAD_RETRY_MS = 500;
/** How long one question to the connector waits, and how long it is asked again: it may be taking over, too. */
const QUERY_TIMEOUT_MS = 500;
const QUERY_PAUSE_MS = 250;
export const QUERY_MS = 2_000;
/** How long the log is gone through for earlier answers before masters are served again. */
export const REBUILD_MS = 2_000;

export interface TakeoverParts {
  readonly bus: Bus;
  readonly subjects: GroupSubjects;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly fence: number;
  /** The lease is still held. */
  readonly stillOurs: () => boolean;
  readonly load: () => Promise<Legacy>;
  /** Makes the router of the group: from now on it hears, but nobody is served. */
  readonly begin: (legacy: Legacy) => GroupRouter;
}

/** How a process that has got the lease of a group becomes its owner. See docs/decisions/core.md, "A takeover". */
export async function takeOver(parts: TakeoverParts): Promise<void> {
  const { bus, fence, logger, clock, timers, stillOurs } = parts;
  const begunAt = clock.now();

  // 1. What the last owner left, and what the log holds.
  const legacy = await load(parts);
  if (legacy === undefined) return;
  const router = parts.begin(legacy);
  if (bus.kind === 'nats') logger.info(noPeer({ fence, position: legacy.confirmed }), 'this router owns the group');

  // 2. Gateways and connector hear of the new owner, and state what they have.
  router.announce();

  // 3. The connector withdraws what it was given by earlier owners and has not sent, and lists what it has sent.
  // 4. Meanwhile the gateways state their sessions.
  const first = bus.kind === 'memory' && !legacy.saved;
  const stated = first ? undefined : timers.pause(TAKEOVER_MS);
  const askedAt = clock.now();
  const report = await askConnector(parts);
  await stated;
  const statedAt = clock.now();
  if (!stillOurs()) return;
  router.takeSessionsOver();
  if (report !== undefined) router.restoreCommands(report);

  // 5. Who got which answer, up to what the log holds by now.
  await Promise.race([router.followLog(report), timers.pause(REBUILD_MS)]);
  if (!stillOurs()) return;

  // 6. Sessions get what they miss, masters are admitted, commands go their way.
  router.open();
  if (bus.kind !== 'nats') return;
  const loadMs = Math.round(askedAt - begunAt);
  const statedMs = Math.round(statedAt - askedAt);
  const logMs = Math.round(clock.now() - statedAt);
  logger.info(noPeer({ fence, loadMs, statedMs, logMs }), 'masters of the group are served');
}

async function load({ load, logger, timers, stillOurs }: TakeoverParts): Promise<Legacy | undefined> {
  while (stillOurs()) {
    try {
      const legacy = await load();
      return stillOurs() ? legacy : undefined;
    } catch (error) {
      logger.warn(noPeer({ reason: (error as Error).message }), 'cannot take the group over yet');
      await timers.pause(LOAD_RETRY_MS);
    }
  }
  return undefined;
}

/** Undefined: there is no connector, or it cannot be asked. Then commands that are under way stay open. */
async function askConnector(parts: TakeoverParts): Promise<CommandReport | undefined> {
  const { bus, subjects, fence, clock, timers, logger, stillOurs } = parts;
  const lease = leaseKey('connector', subjects.group);
  const query = encodeCommandQuery({ fence, upTo: 0 });
  const until = clock.now() + QUERY_MS;
  let reason = '';
  while (stillOurs() && clock.now() < until) {
    try {
      const entry = await bus.leaseEntry(lease);
      if (entry.holder === null) return undefined;
      const report = decodeCommandReport(await bus.request(subjects.commandQuery, query, QUERY_TIMEOUT_MS));
      if (report instanceof WireError) {
        bus.drops.add(subjects.commandQuery, report.code, report.message);
        reason = report.message;
      } else if (report.fence === entry.fence) return report;
      else reason = 'another connector takes over';
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      reason = error.message;
    }
    await timers.pause(QUERY_PAUSE_MS);
  }
  if (stillOurs())
    logger.warn(noPeer({ reason }), 'the connector does not say what it has sent: commands under way stay open');
  return undefined;
}
