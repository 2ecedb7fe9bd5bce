import { busNameOf, checkSender, type DropCounter } from '@iec104mm2ss/bus';
import type { RouterState, Statement } from '@iec104mm2ss/wire';
import type { SessionTable } from './session-table.js';

/**
 * Which gateway may speak for a session, on a bus with names: the one that it was admitted for. What another says of it is
 * left out, counted, and reported as a security event.
 */
export class SessionOwners {
  /** Names of the gateways of sessions that an earlier owner of the group admitted. */
  private readonly before: ReadonlyMap<number, string | undefined>;

  constructor(
    private readonly drops: DropCounter,
    private readonly subject: string,
    private readonly table: Pick<SessionTable, 'getEvenClosing'>,
    saved: RouterState['addresses'],
  ) {
    this.before = new Map(saved.filter(({ session }) => session > 0).map(({ session, gateway }) => [session, gateway]));
  }

  /**
   * Whether `by` may say something of the session; one that is not known may be anybody's.
   *
   * @param subject where it was said, without the name
   */
  maySpeakFor(session: number, by: string | undefined, subject = this.subject): boolean {
    const known = this.table.getEvenClosing(session);
    if (known !== undefined)
      return checkSender(this.drops, on(subject, by), by, known.gateway, `speaks for session ${session} of`);
    const before = this.before.get(session);
    if (before === undefined || before === by) return true;
    this.drops.add(
      on(subject, by),
      'SENDER',
      `${by ?? 'a process without a name'} states session ${session} of ${before}`,
    );
    return false;
  }

  /** What of a statement its sender may state; undefined: nothing, as it speaks for another gateway. */
  ownPart(statement: Statement, by: string | undefined): Statement | undefined {
    const { gateway, sessions, closed } = statement;
    if (!checkSender(this.drops, on(this.subject, by), by, gateway, 'states the sessions of')) return undefined;
    // On a bus without names nobody can be told from another.
    if (busNameOf(gateway) === undefined) return statement;
    const isOwn = ({ session }: { readonly session: number }): boolean => this.maySpeakFor(session, by);
    return { ...statement, sessions: sessions.filter(isOwn), closed: closed.filter(isOwn) };
  }
}

const on = (subject: string, by: string | undefined): string => (by === undefined ? subject : `${subject}.${by}`);
