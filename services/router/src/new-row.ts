import {
  type GroupConfig,
  type NamedMaster,
  nameNow,
  rightsOf,
  sharesSource,
  unnamedMasters,
} from '@iec104mm2ss/config';
import { securityEvent } from '@iec104mm2ss/observability';
import { hasNoPlace, notInFilter } from './admission.js';
import { tellUnnamed } from './named-masters.js';
import type { GroupParts } from './group-parts.js';
import { peerOf } from './rights.js';
import { identityOf, type Session } from './session.js';

/**
 * Takes another row of the file while the group is served. Sessions go on, with the name that they have now; those that the
 * filter no longer lets in are closed. A smaller `max conn` counts for those that come.
 */
export function takeNewRow(parts: GroupParts, after: GroupConfig): void {
  const { row, table, cursors, feed, transfer, logger, clock } = parts;
  const before = row.config;
  row.config = after;
  feed.enabled = after.decoded;
  const nameOf = ({ address, certificateNames = [] }: Session): string | null =>
    nameNow(after.masters, { address, certificateNames });
  for (const session of table.all()) {
    const name = nameOf(session);
    const refusal = notInFilter(after, session.address) ?? hasNoPlace(after, { ...session, name });
    if (refusal === undefined) continue;
    const { id, peer } = session;
    const fields = { session: id, peer, identity: identityOf(session), reason: refusal.code };
    const message = `disconnected by a new configuration: ${refusal.message}`;
    securityEvent(logger, 'session_revoked_by_configuration', fields, message);
    table.close(session, refusal.code, refusal.message);
  }
  const rightsBefore = new Map(table.all().map((session) => [session, textOf(before, session)]));
  const renamed = table.all().filter((session) => nameOf(session) !== session.name);
  for (const session of renamed) session.name = nameOf(session);
  const names = after.masters.map(({ name }) => name);
  cursors.setNames(names, (name) => placeOf(name, before, parts), clock.now());
  tellUnnamed(parts, unnamedMasters(before.masters, after.masters));
  parts.retention.begins(parts.retention.oldest);
  for (const session of renamed) {
    const { id, peer, name } = session;
    logger.info({ session: id, peer, name: name ?? undefined }, 'the master has another name by a new configuration');
    transfer.named(session);
  }
  for (const [session, rights] of rightsBefore) {
    if (textOf(after, session) === rights) continue;
    const { id, peer, name } = session;
    securityEvent(
      logger,
      'rights_changed',
      { session: id, peer, name: name ?? undefined },
      'the master has other rights',
    );
  }
  parts.commands.rightsChanged();
  parts.observe.reconfigured();
}

/** What a session may do, to be compared. */
function textOf({ rights }: GroupConfig, session: Session): string {
  return JSON.stringify(rightsOf(rights, peerOf(session)));
}

/** From where on a master that has a name now has not acknowledged what is logged. */
function placeOf(name: string, before: GroupConfig, { row, table, cursors, delivery }: GroupParts): number {
  const here = table.all().filter((session) => session.name === name && session.started);
  const master = row.config.masters.find((each) => each.name === name) as NamedMaster;
  const formerly = before.masters.filter((old) => sharesSource(old, master));
  return Math.min(
    delivery.mark.confirmed,
    ...here.map((session) => delivery.neededBy(session)),
    ...formerly.map((old) => cursors.position(old.name) ?? Infinity),
  );
}
