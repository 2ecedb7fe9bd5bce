import { AsduView } from '@iec104mm2ss/iec104';
import { type AuditedCommand, type AuditedMaster, type AuditRecord, auditRecord } from './audit.js';
import { AuditLog } from './audit-log.js';
import type { CommandContext } from './command-context.js';
import { CommandDurations } from './command-durations.js';
import { CommandLedger } from './command-ledger.js';
import { SettledNotes } from './settled-notes.js';

/** A command that is over, as far as its record needs it. */
export interface EndedCommand {
  readonly session: number;
  readonly command: number;
  readonly asdu: Uint8Array;
  /** When it came, monotonic. */
  readonly since: number;
  /** Who gave it; undefined when only its session can tell. */
  readonly master: AuditedMaster | undefined;
}

/** A session that no gateway has stated, and that is gone. */
const UNKNOWN_MASTER: AuditedMaster = { peer: 'unknown', name: null, certificateName: null };

/**
 * What is written down of commands: one audit record each. When that is stored the command is settled, and its gateway told
 * that it may forget it.
 */
export class CommandRecords {
  readonly ledger = new CommandLedger();
  readonly durations = new CommandDurations();
  /** For the connector. */
  readonly notes = new SettledNotes();
  private readonly log: AuditLog;
  /** Of which no record was made yet. */
  private ended: AuditedCommand[] = [];
  /** Settled in this turn, by session: those that the router itself answered, and the others. */
  private settled = new Map<number, Record<'own' | 'others', number[]>>();
  private stopped = false;

  constructor(private readonly context: CommandContext) {
    const { journal, clock, logger } = context;
    this.log = new AuditLog({ journal, clock, logger, certain: () => context.certain() }, ({ session, command }) => {
      this.settledNow(session, command);
      this.settle(session, command);
    });
  }

  get dropped(): number {
    return this.log.dropped;
  }

  /** Records that are not stored yet, and sessions whose commands are known. */
  get size(): number {
    return this.ended.length + this.log.size + this.settled.size + this.ledger.size;
  }

  /**
   * The command is over. Its record is made after the sockets were served: the answer is on its way to the master
   * meanwhile.
   *
   * @param answer what the router itself has answered
   */
  end(ended: EndedCommand, outcome: string, answer?: Uint8Array): void {
    if (this.stopped) return;
    if (answer !== undefined) this.ledger.answered(ended.session, ended.command, answer);
    const { group, clock } = this.context;
    const { session, command, asdu, since } = ended;
    const master = ended.master ?? this.context.session(session) ?? UNKNOWN_MASTER;
    const times = { endedAt: clock.wallMs(), durationMs: clock.now() - since };
    this.durations.add(outcome, times.durationMs);
    if (this.ended.length === 0) clock.soon(() => this.record());
    this.ended.push({ group, session, command, master, asdu, outcome, ...times });
  }

  /** There is a record of it, which is stored: this owner's, or an earlier one's. */
  settledNow(session: number, command: number): void {
    this.ledger.settle(session, command);
    this.notes.add(session, command);
  }

  /** Tells the gateway (again) that its command is settled. */
  settle(session: number, command: number): void {
    if (this.stopped) return;
    if (this.settled.size === 0) this.context.clock.endOfTurn(() => this.flush());
    const commands = this.settled.get(session) ?? { own: [], others: [] };
    this.settled.set(session, commands);
    const isOwn = this.ledger.answerTo(session, command) !== undefined;
    (isOwn ? commands.own : commands.others).push(command);
  }

  /** Its gateway still states the command, and has seen no answer: the router's own was lost. */
  answerAgain(session: number, command: number): void {
    const answer = this.ledger.answerTo(session, command);
    if (answer !== undefined) this.context.answer(session, command, answer);
  }

  /** Makes the records that are due now. */
  recordNow(): void {
    this.record();
  }

  /** Records that are not stored yet. */
  get unstored(): number {
    return this.ended.length + this.log.size;
  }

  tick(now: number): void {
    this.log.tick();
    this.ledger.expire(now, (session) => this.context.session(session) !== undefined);
  }

  stop(): void {
    this.stopped = true;
    this.settled.clear();
    this.ended = [];
    this.log.stop();
  }

  private flush(): void {
    const settled = this.settled;
    this.settled = new Map();
    for (const [session, { own, others }] of settled) {
      if (own.length > 0) this.context.settled(session, own, true);
      if (others.length > 0) this.context.settled(session, others, false);
    }
  }

  private record(): void {
    const ended = this.ended.splice(0);
    if (ended.length === 0) return;
    this.log.add(
      ended.map((command) => {
        const record = auditRecord(command);
        this.logCommand(record, command.asdu);
        return record;
      }),
    );
  }

  private logCommand({ session, peer, type, ca, ioa, durationMs, outcome }: AuditRecord, asdu: Uint8Array): void {
    const { cot } = new AsduView(asdu);
    this.context.logger.info(
      { session, peer, direction: 'control', type, cot, ca, ioa, durationMs },
      `command ${outcome}`,
    );
  }
}
