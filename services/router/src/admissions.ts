import { peerText } from '@iec104mm2ss/config';
import {
  countReason,
  type Logger,
  type MasterRefusal,
  type ReasonCounts,
  refusalEvent,
  securityEvent,
} from '@iec104mm2ss/observability';
import { type Clock, Timers } from '@iec104mm2ss/runtime';
import { type AdmissionAnswer, type AdmissionRequest, refusalAnswer } from '@iec104mm2ss/wire';
import { admit, type Refusal } from './admission.js';
import type { LiveRow } from './live-row.js';
import type { OriginatorAddresses } from './originator-addresses.js';
import type { RtuLink } from './rtu-link.js';
import { identityOf, type Session } from './session.js';
import type { SessionTable } from './session-table.js';

/** A session that could not be saved within this time is not admitted: another router would not know of it. */
export const SAVE_MS = 1_000;

export interface AdmissionParts {
  readonly row: LiveRow;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly fence: number;
  readonly table: SessionTable;
  readonly addresses: OriginatorAddresses;
  readonly rtu: RtuLink;
  /** How long a connection without data transfer keeps its place when the places are short. */
  readonly startMs: number;
  /** True while the RTU may still answer a command with this OA. */
  answerable(oa: number): boolean;
  /** Masters are admitted. */
  open(): boolean;
  /** Stores what the next owner has to know. Rejects, or takes its time. */
  save(): Promise<void>;
}

/** Decides on connection attempts and makes the sessions of those that may come in, together with their OAs. */
export class Admissions {
  admitted = 0;
  readonly refusals: ReasonCounts<MasterRefusal> = {};
  /** Sessions that are being saved. */
  private readonly saving = new Map<Session, Promise<boolean>>();

  constructor(private readonly parts: AdmissionParts) {}

  /** Asking again for the same connection makes no second session. */
  async admit(request: AdmissionRequest): Promise<AdmissionAnswer> {
    const { row, table, addresses, rtu, clock, logger } = this.parts;
    if (!this.parts.open()) return this.notReady('the group is being taken over');
    const known = table.byConnection(request.gateway, request.connection);
    if (known !== undefined) return this.answerWhenSaved(known);
    if (rtu.state === undefined) return this.notReady('nothing is known of the RTU yet');

    const terms = { now: clock.now(), startMs: this.parts.startMs };
    const decision = admit(row.config, request, table.all(), rtu.address, terms);
    if ('code' in decision) return this.refuse(request, decision);
    const id = table.newId();
    const oa = addresses.allocate(id, clock.now(), (each) => this.parts.answerable(each));
    if (oa === undefined) {
      return this.refuse(request, { code: 'no_oa', message: 'every originator address is in use or resting' });
    }
    const { gateway, connection, address, port } = request;
    const { name, certificateName } = decision;
    const session = table.add({
      id,
      gateway,
      connection,
      address,
      port,
      name,
      certificateName,
      certificateNames: request.certificateNames,
      oa,
      since: clock.wallMs(),
    });
    this.saving.set(session, this.save(session));
    const answer = await this.answerWhenSaved(session);
    if (!answer.ok) return answer;
    for (const { session: old, code, message } of decision.replaces) {
      if (table.get(old.id) !== old) continue;
      if (code !== 'same_ip') {
        securityEvent(logger, 'session_displaced', { session: old.id, peer: old.peer, reason: code }, message);
      }
      table.close(old, code, message);
    }
    this.admitted++;
    const fields = {
      session: id,
      peer: session.peer,
      name: name ?? undefined,
      identity: identityOf(session),
      oa,
      gateway,
    };
    securityEvent(logger, 'session_started', fields, 'master connected');
    return answer;
  }

  private async answerWhenSaved(session: Session): Promise<AdmissionAnswer> {
    const saved = (await this.saving.get(session)) ?? true;
    // Meanwhile another connection may have replaced it, or another router taken over.
    if (!saved || this.parts.table.get(session.id) !== session) return this.notReady('the session could not be saved');
    const { id, oa, name, certificateName } = session;
    return { v: 2, ok: true, fence: this.parts.fence, session: id, originatorAddress: oa, name, certificateName };
  }

  private async save(session: Session): Promise<boolean> {
    const { clock, table, logger } = this.parts;
    const timers = new Timers(clock);
    const stored = this.parts.save().then(
      () => undefined,
      (error: Error) => error.message,
    );
    const late = timers.pause(SAVE_MS).then(() => `not stored within ${SAVE_MS} ms`);
    const reason = await Promise.race([stored, late]);
    timers.stop();
    this.saving.delete(session);
    if (reason === undefined) return true;
    securityEvent(logger, refusalEvent('not_saved'), { peer: session.peer, reason }, 'session not saved: not admitted');
    table.end(session, 'not_saved', 'it could not be saved');
    return false;
  }

  private refuse({ address, port }: AdmissionRequest, { code, message }: Refusal): AdmissionAnswer {
    countReason(this.refusals, code);
    const fields = { peer: peerText(address, port), reason: code };
    securityEvent(this.parts.logger, refusalEvent(code), fields, `master refused: ${message}`);
    return refusalAnswer(code, message);
  }

  /** The gateway asks again. */
  private notReady(message: string): AdmissionAnswer {
    return refusalAnswer('not_ready', message);
  }
}
