import { nameNow, peerText } from '@iec104mm2ss/config';
import { type Logger, securityEvent } from '@iec104mm2ss/observability';
import type { SessionStatement, Statement } from '@iec104mm2ss/wire';
import { hasNoPlace, mayNotGoOn } from './admission.js';
import type { DataTransfer } from './data-transfer.js';
import type { GroupCommands } from './group-commands.js';
import type { LiveRow } from './live-row.js';
import type { OriginatorAddresses } from './originator-addresses.js';
import type { OutStream } from './out-stream.js';
import { identityOf, type Session } from './session.js';
import type { SessionTable } from './session-table.js';

export interface ReconciliationParts {
  readonly row: LiveRow;
  readonly logger: Logger;
  readonly table: SessionTable;
  readonly addresses: OriginatorAddresses;
  readonly transfer: DataTransfer;
  readonly out: OutStream;
  readonly commands: Pick<GroupCommands, 'reconcile' | 'reconcileClosed'>;
  /** A master acknowledged everything before this place. */
  acknowledged(session: Session, position: number, generation: number): void;
}

/**
 * Brings the sessions of a group in line with what a gateway states: takes over those that an earlier owner admitted, or
 * that were thought to be gone, closes those that must not go on, makes up for messages that were lost, and ends what the
 * gateway no longer has.
 */
export class Reconciliation {
  constructor(private readonly parts: ReconciliationParts) {}

  /** Sessions and what they transfer, and their commands. */
  reconcile(statement: Statement): void {
    const { table, transfer, commands } = this.parts;
    this.end(statement);
    for (const stated of statement.sessions) {
      const session = this.adopt(statement.gateway, stated);
      if (session === undefined) continue;
      session.aged = stated.aged === true;
      transfer.reconcile(session, stated);
      // It may have to go, because the log has no longer what it needs.
      if (table.get(session.id) !== session) continue;
      const { acknowledged, generation } = stated;
      if (generation > 0) this.parts.acknowledged(session, acknowledged, generation);
      commands.reconcile(session, stated.commands, stated.nextCommand);
    }
  }

  /** Only takes sessions over, so that what they need is known before the group is opened. */
  adoptAll({ gateway, sessions }: Statement): void {
    for (const stated of sessions) this.adopt(gateway, stated);
  }

  private end({ gateway, sessions, closed }: Statement): void {
    const { table, commands } = this.parts;
    for (const each of closed) {
      const session = table.get(each.session);
      if (session !== undefined) table.end(session, each.code, each.message, each.used);
      table.gone(each.session);
      commands.reconcileClosed(each);
    }
    table.statedBy(gateway, new Set(sessions.map(({ session }) => session)));
  }

  /** The session as it is known here; undefined: it must not go on. */
  private adopt(gateway: string, stated: SessionStatement): Session | undefined {
    const { table, addresses, row, logger, out } = this.parts;
    const { config } = row;
    const { session: id, address, port, originatorAddress: oa } = stated;
    const known = table.get(id);
    if (known !== undefined) {
      table.confirm(known);
      return known;
    }
    // It was closed from here, and its gateway has not heard.
    if (table.closeAgain(id)) return undefined;
    // Who it is is said by the file that is in force now.
    const { connection, certificateName, certificateNames = [], sinceMs: since } = stated;
    const name = nameNow(config.masters, { address, certificateNames });
    const who = { name, certificateName, certificateNames };
    const refusal = hasNoPlace(config, { address, ...who }) ?? mayNotGoOn(config, address, table.all());
    if (refusal !== undefined || !addresses.claim(oa, id)) {
      const { code, message } = refusal ?? { code: 'oa_conflict', message: `another session has OA ${oa} now` };
      const fields = { session: id, peer: peerText(address, port), reason: code };
      securityEvent(logger, 'session_not_taken_over', fields, `session not taken over: ${message}`);
      out.close({ id, gateway }, code, message);
      return undefined;
    }
    const session = table.add({ id, gateway, connection, address, port, ...who, oa, since });
    session.ownOa = stated.ownOa;
    session.usedBefore = stated.nextCommand > 1;
    table.confirm(session);
    const fields = { session: id, peer: session.peer, identity: identityOf(session), position: stated.expected };
    securityEvent(logger, 'session_taken_over', fields, 'session taken over');
    return session;
  }
}
