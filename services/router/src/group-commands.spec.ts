import { beforeEach, describe, expect, it } from 'vitest';
import { BusError, ConnectorClock, GroupSubjects, type Journal } from '@iec104mm2ss/bus';
import {
  ASDU_OA_OFFSET,
  AsduView,
  Cause,
  doubleCommand,
  interrogation,
  mirror,
  singleCommand,
} from '@iec104mm2ss/iec104';
import { createLogger } from '@iec104mm2ss/observability';
import { apdus, FakeClock, RecordingBus } from '@iec104mm2ss/testing';
import {
  COMMAND_DEADLINE_MS,
  type CommandMessage,
  CommandOutcome,
  type CommandQuery,
  type CommandReport,
  decodeCommand,
  decodeCommandQuery,
  encodeCommandReport,
  encodeCommands,
  decodeIn,
  type InMessage,
  LAST_EVENTS_MS,
  type PendingCommandStatement,
  type SentCommand,
  type SessionStatement,
  type StateMessage,
  toBase64,
  WireError,
} from '@iec104mm2ss/wire';
import type { AuditRecord } from './audit.js';
import { type CommandContext, type CommandSession, type CommandsMessage, GroupCommands } from './group-commands.js';
import { MAX_FILES_PER_SESSION } from './file-transfers.js';
import { OriginatorAddresses } from './originator-addresses.js';

const ON = singleCommand(1, 500, true);
const SELECT = singleCommand(1, 500, true, { select: true });
const GI = interrogation(1);
const RECORD = { epoch: 1, generation: 1 };
const FENCE = 7;
const CONNECTOR = 3;
const { logger } = createLogger({ level: 'silent' });
const A = 0xa;
const B = 0xb;

function decoded<T>(value: T | WireError): T {
  if (value instanceof WireError) throw value;
  return value;
}

/** The commands of one group, with a connector, gateways and a journal that do what a spec tells them. */
class Bench {
  readonly clock = new FakeClock(50_000);
  readonly bus = new RecordingBus({ clock: this.clock });
  readonly subjects = new GroupSubjects('1');
  readonly connectorClock = new ConnectorClock(this.clock);
  readonly addresses = new OriginatorAddresses();
  readonly sessions = new Map<number, CommandSession>();
  readonly stored: AuditRecord[] = [];
  readonly sent: { session: number; cot: number; negative: boolean; oa: number }[] = [];
  readonly settled: [session: number, commands: readonly number[]][] = [];
  readonly queries: CommandQuery[] = [];
  certain = true;
  /** Lets everything pass, unless a spec says otherwise. */
  readonly door: { -readonly [rule in keyof CommandContext['door']]: CommandContext['door'][rule] } = {
    judge: () => undefined,
    veto: () => undefined,
    maySelect: () => true,
  };
  journalFails = false;
  /** What the connector answers when it is asked; undefined: nothing. */
  report: Partial<CommandReport> | undefined = {};
  /** Answers the last question late. */
  answerQuestion: () => void = () => undefined;
  readonly commands: GroupCommands;
  private next = new Map<number, number>();

  constructor({ restored = true } = {}) {
    const { bus, subjects, clock, connectorClock, addresses } = this;
    const journal: Journal = {
      append: async (group, id, entry) => {
        if (this.journalFails) throw new Error('not stored') as BusError;
        const record = JSON.parse(Buffer.from(entry).toString()) as AuditRecord;
        expect(`${group}.${record.session}.${record.command}`).toBe(id);
        this.stored.push(record);
      },
      read: async () => [],
    };
    bus.subscribe(subjects.commandQuery, (message) => {
      this.queries.push(decoded(decodeCommandQuery(message.data)));
      this.answerQuestion = () => message.respond(encodeCommandReport(this.reportOf(this.report ?? {})));
      if (this.report !== undefined) this.answerQuestion();
    });
    const context: CommandContext = {
      ownCa: 1,
      toOriginator: false,
      group: '1',
      bus,
      subjects,
      clock,
      connectorClock,
      addresses,
      journal,
      fence: FENCE,
      logger,
      feed: { command: () => undefined },
      door: this.door,
      session: (id) => this.sessions.get(id),
      answer: (session, _command, asdu) => {
        const { cot, negative, oa } = new AsduView(asdu);
        this.sent.push({ session, cot, negative, oa });
      },
      settled: (session, commands) => void this.settled.push([session, commands]),
      certain: () => this.certain,
    };
    this.commands = new GroupCommands(context);
    if (!restored) return;
    this.commands.restore(this.reportOf({}));
    this.state();
    this.join(A, 10);
    this.join(B, 20);
  }

  reportOf(parts: Partial<CommandReport>): CommandReport {
    const own = { connector: 'c', fence: CONNECTOR, epoch: 1, clock: this.connectorTime, generation: 1 };
    return { v: 2, ...own, sent: [], queued: [], ...parts };
  }

  /** The connector's clock is another one than ours. */
  get connectorTime(): number {
    return this.clock.now() + 1_000_000;
  }

  state(parts: Partial<StateMessage> = {}): void {
    const message: StateMessage = {
      v: 2,
      group: '1',
      connector: 'c',
      fence: CONNECTOR,
      clock: this.connectorTime,
      state: 'started',
      epoch: 1,
      endpoint: null,
      address: null,
      since: 0,
      reason: '',
      connects: 1,
      next: 0,
      generation: 1,
      ...parts,
    };
    this.connectorClock.heard(message.fence, message.clock);
    this.commands.connectorStated(message);
  }

  join(id: number, oa: number): CommandSession {
    const session = {
      id,
      address: `10.0.0.${id}`,
      peer: `10.0.0.${id}:1`,
      name: null,
      certificateName: null,
      oa,
      ownOa: 0,
      commands: 0,
    };
    this.sessions.set(id, session);
    this.addresses.claim(oa, id);
    return session;
  }

  leave(id: number): void {
    const session = this.sessions.get(id);
    this.sessions.delete(id);
    this.commands.forget(id);
    if (session !== undefined) this.addresses.release(session.oa, this.clock.now());
  }

  /** A message of a session with these commands; its master uses OA 5. Returns the number of the first. */
  give(
    id: number,
    asdus: readonly Uint8Array[],
    parts: { deadlineMs?: number; fence?: number; lost?: boolean } = {},
  ): number {
    const { deadlineMs = COMMAND_DEADLINE_MS, fence = CONNECTOR, lost = false } = parts;
    const firstCommand = this.next.get(id) ?? 1;
    this.next.set(id, firstCommand + asdus.length);
    if (lost) return firstCommand;
    const octets = apdus(asdus.map(own));
    const head = { session: id, number: 1, count: asdus.length, firstCommand, connectorFence: fence };
    const deadline = this.connectorTime + deadlineMs;
    const message = decoded<InMessage>(decodeIn(encodeCommands({ ...head, deadline }, octets, 0, octets.length)));
    this.commands.onCommands(this.sessions.get(id) as CommandSession, message as CommandsMessage, 0);
    return firstCommand;
  }

  /** What was handed to the connector. */
  handedOver(): CommandMessage[] {
    return this.bus.take(this.subjects.command).map(({ data }) => decoded(decodeCommand(data)));
  }

  result(number: number, outcome: CommandOutcome = CommandOutcome.SENT, connectorFence = CONNECTOR): void {
    this.commands.onResults({ connectorFence, results: [{ fence: FENCE, number, outcome }] });
  }

  answer(
    asdu: Uint8Array,
    cause: number,
    parts: { oa?: number; negative?: boolean; position?: number } = {},
  ): number[] {
    const { oa = 0, negative = false, position = 0 } = parts;
    const answer = mirror(asdu, cause, negative);
    answer[ASDU_OA_OFFSET] = oa;
    return this.commands.answers.answer(answer, position, RECORD).map(({ session }) => session);
  }

  stated(command: number, asdu: Uint8Array, parts: Partial<PendingCommandStatement> = {}): PendingCommandStatement {
    const deadline = this.connectorTime + 1_000;
    const octets = toBase64(own(asdu));
    return { command, asdu: octets, connectorFence: CONNECTOR, deadline, ageMs: 0, answered: null, ...parts };
  }

  /** What a gateway states of a session that has not given more commands, as far as is known. */
  /** What a gateway states of a session before the log is followed. */
  statedBefore(session: number, expected: number, nextCommand: number, ...commands: PendingCommandStatement[]): void {
    this.statedAt({ expected, generation: RECORD.generation }, session, nextCommand, ...commands);
  }

  statedAt(
    place: Pick<SessionStatement, 'expected' | 'generation' | 'had'>,
    session: number,
    nextCommand: number,
    ...commands: PendingCommandStatement[]
  ): void {
    const { expected } = place;
    const master = { connection: 1, address: '10.0.0.1', port: 1, name: null, certificateName: null, sinceMs: 0 };
    const link = { originatorAddress: 10, ownOa: 5, started: true, starting: 0, number: 1, acknowledged: expected };
    const stated = { session, nextCommand, commands, ...place, ...master, ...link };
    this.commands.statedBefore({ v: 2, group: '1', gateway: 'g', sessions: [stated], closed: [] });
  }

  reconcile(id: number, ...stated: PendingCommandStatement[]): void {
    this.commands.reconcile(this.sessions.get(id) as CommandSession, stated, 0);
  }

  closed(id: number, oa: number, ...commands: PendingCommandStatement[]): void {
    this.commands.reconcileClosed({
      session: id,
      originatorAddress: oa,
      used: true,
      agoMs: 0,
      code: 'closed',
      message: '',
      commands,
      address: '10.9.9.9',
      port: 9,
      name: 'N',
      certificateName: null,
    });
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 200) {
      await this.clock.advanceAsync(Math.min(left, 200), 200);
      this.commands.tick(this.clock.now());
    }
    await this.clock.advanceAsync(1, 1);
  }

  /** Session, command and outcome of the records stored since it was last asked. */
  outcomes(): string[] {
    return this.stored
      .splice(0)
      .map(({ session, command, outcome }) => `${session.toString(16)} ${command} ${outcome}`);
  }

  refusals(): number[] {
    return this.sent.splice(0).flatMap(({ session, negative }) => (negative ? [session] : []));
  }
}

/** As a master with OA 5 sends it. */
function own(asdu: Uint8Array): Uint8Array {
  const octets = new Uint8Array(asdu);
  octets[ASDU_OA_OFFSET] = 5;
  return octets;
}

/** As the connector reports it, with the OA it was sent with. */
function sentCommand(
  session: number,
  command: number,
  asdu: Uint8Array,
  oa: number,
  parts: Partial<SentCommand> = {},
): SentCommand {
  const octets = new Uint8Array(asdu);
  octets[ASDU_OA_OFFSET] = oa;
  const base = { fence: FENCE - 1, number: command, session, command, ownOa: 5, ageMs: 100, position: 0 };
  return { ...base, asdu: toBase64(octets), ...parts };
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe('a command', () => {
  it('is handed over with the OA of its session and its deadline in the connector’s clock', () => {
    const deadline = bench.connectorTime + COMMAND_DEADLINE_MS;
    bench.give(A, [ON]);
    const [command] = bench.handedOver();
    expect(command).toMatchObject({
      fence: FENCE,
      session: A,
      command: 1,
      ownOa: 5,
      connectorFence: CONNECTOR,
      deadline,
    });
    expect(new AsduView(command?.asdu as Uint8Array).oa).toBe(10);
  });

  it('that is refused at the door is answered as the door says, leaves a record, and never goes further', async () => {
    bench.door.judge = () => ({ kind: 'refused', cause: Cause.DEACT_CON, reason: 'not you' });
    bench.give(A, [ON]);
    expect(bench.sent).toEqual([{ session: A, cot: Cause.DEACT_CON, negative: true, oa: 5 }]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 refused: not you']);
    expect(bench.handedOver()).toEqual([]);
    expect(bench.commands.counters.commandsRefused).toBe(1);
  });

  it('that is answered at the door leaves a record, and never goes further', async () => {
    bench.door.judge = (asdu) => ({ kind: 'answered', answer: mirror(asdu, Cause.ACT_CON, false), outcome: 'here' });
    bench.give(A, [ON]);
    expect(bench.sent).toEqual([{ session: A, cot: Cause.ACT_CON, negative: false, oa: 5 }]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 here']);
    expect(bench.handedOver()).toEqual([]);
  });

  it('that is malformed does not come to the door', () => {
    let asked = 0;
    bench.door.judge = () => void asked++;
    bench.give(A, [Uint8Array.of(45, 2, Cause.ACT, 0, 1, 0, 1, 0, 0, 1)]);
    expect([asked, bench.refusals()]).toEqual([0, [A]]);
  });

  it('that had to wait is refused when it may no longer be sent', async () => {
    bench.give(A, [ON]);
    bench.give(B, [ON]);
    const [first] = bench.handedOver();
    bench.door.veto = () => 'observe mode';
    bench.result(first?.number as number);
    bench.answer(ON, Cause.ACT_CON, { negative: true });
    expect(bench.refusals()).toEqual([B]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 refused', 'b 1 refused: observe mode']);
    expect(bench.handedOver()).toEqual([]);
  });

  it('may not execute what was selected before selections were cancelled, also what an earlier owner had sent', async () => {
    bench = new Bench({ restored: false });
    bench.join(A, 10);
    bench.door.maySelect = () => false;
    bench.commands.restore(bench.reportOf({ sent: [sentCommand(A, 1, SELECT, 10)] }));
    bench.state();
    bench.door.maySelect = () => true;
    bench.give(A, [ON], { lost: true });
    bench.give(A, [ON]);
    expect(bench.refusals()).toEqual([A]);
    bench.give(A, [SELECT]);
    expect(bench.handedOver()).toHaveLength(1);
    bench.commands.cancelSelections();
    bench.give(A, [ON]);
    expect(bench.refusals()).toEqual([A]);
  });

  it('that the connector withdrew is refused with what forbids it now', async () => {
    bench.give(A, [ON]);
    bench.door.veto = () => 'observe mode';
    bench.result(bench.handedOver()[0]?.number as number, CommandOutcome.WITHDRAWN);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 refused: observe mode']);
  });

  it('leaves one audit record, and is settled when that is stored', async () => {
    bench.give(A, [ON]);
    bench.result(bench.handedOver()[0]?.number as number);
    expect(bench.answer(ON, Cause.ACT_CON, { negative: true })).toEqual([A]);
    expect(bench.settled).toEqual([]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 refused']);
    expect(bench.settled).toEqual([[A, [1]]]);
  });

  it('is not settled while its record cannot be stored', async () => {
    bench.journalFails = true;
    bench.give(A, [ON], { deadlineMs: -1 });
    await bench.pass(2_000);
    expect(bench.settled).toEqual([]);
    bench.journalFails = false;
    await bench.pass(2_000);
    expect(bench.outcomes()).toEqual(['a 1 refused: expired']);
    expect(bench.settled).toEqual([[A, [1]]]);
  });

  it('keeps its time: neither its record nor its deadline follows the wall clock', async () => {
    bench.give(A, [ON]);
    const begun = bench.clock.wallMs();
    bench.result(bench.handedOver()[0]?.number as number);
    bench.clock.wallOffsetMs += 3_600_000;
    bench.clock.advance(700);
    bench.commands.tick(bench.clock.now());
    bench.answer(ON, Cause.ACT_CON, { negative: true });
    await bench.pass(200);
    expect(bench.stored[0]).toMatchObject({ durationMs: 700 });
    expect(new Date(bench.stored[0]?.at as string).getTime()).toBe(begun + 3_600_000);
  });

  it('for another connector than the one heard is refused before it is handed over', () => {
    bench.give(A, [ON], { fence: CONNECTOR - 1 });
    bench.give(A, [ON], { fence: CONNECTOR + 1 });
    expect(bench.handedOver()).toEqual([]);
    expect(bench.refusals()).toEqual([A, A]);
  });

  it('that is too late is refused, an interrogation may be late', () => {
    bench.give(A, [ON, GI], { deadlineMs: -10 });
    expect(bench.handedOver().map(({ deadline }) => deadline - bench.connectorTime)).toEqual([60_000]);
    expect(bench.refusals()).toEqual([A]);
  });

  it('waits while another router may own the group, and goes when it is certain again', async () => {
    bench.certain = false;
    bench.give(A, [ON]);
    await bench.pass(600);
    expect(bench.handedOver()).toEqual([]);
    bench.certain = true;
    await bench.pass(200);
    expect(bench.handedOver()).toHaveLength(1);
  });

  it('goes when it is certain again, however short it was not', async () => {
    await bench.pass(600);
    bench.certain = false;
    bench.give(A, [ON]);
    bench.certain = true;
    expect(bench.handedOver()).toEqual([]);
    await bench.pass(200);
    expect(bench.handedOver()).toHaveLength(1);
  });

  it('that was handed over once is not done again when its message comes twice', () => {
    bench.give(A, [ON]);
    const again = {
      kind: 3,
      session: A,
      number: 1,
      count: 1,
      firstCommand: 1,
      connectorFence: CONNECTOR,
      deadline: bench.connectorTime + 1_000,
      octets: apdus([ON]),
      apdusAt: 0,
    } as const;
    bench.commands.onCommands(bench.sessions.get(A) as CommandSession, again, 0);
    expect(bench.handedOver()).toHaveLength(1);
  });
});

describe('a command that must not reach the RTU', () => {
  it.each([
    ['of a type that no master sends', Uint8Array.of(1, 1, 6, 0, 1, 0, 1, 0, 0, 0), Cause.UNKNOWN_TYPE],
    ['with several objects', Uint8Array.of(45, 2, 6, 0, 1, 0, 1, 0, 0, 1, 2, 0, 0, 1), Cause.ACT_CON],
    ['to all stations, where the standard has no such', singleCommand(0xffff, 500, true), Cause.UNKNOWN_CA],
    ['with a wrong length', Uint8Array.of(45, 1, 6, 0, 1, 0, 1, 0, 0), Cause.ACT_CON],
    ['with a wrong cause', Uint8Array.of(45, 1, 3, 0, 1, 0, 1, 0, 0, 1), Cause.UNKNOWN_CAUSE],
  ])('%s, is refused with its cause and P/N = 1', async (_what, asdu, cause) => {
    bench.give(A, [asdu]);
    expect(bench.handedOver()).toEqual([]);
    expect(bench.sent).toEqual([{ session: A, cot: cause, negative: true, oa: 5 }]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual([expect.stringMatching(/^a 1 refused: ./)]);
  });

  it('private types are none of these, whatever they hold', () => {
    bench.give(A, [Uint8Array.of(200, 0, 3, 0, 0, 0), Uint8Array.of(136, 9, 6, 0, 1, 0, 1, 2, 3, 4)]);
    expect(bench.handedOver()).toHaveLength(2);
    expect(bench.sent).toEqual([]);
  });
});

describe('what the connector says of a command', () => {
  it.each([
    [CommandOutcome.EXPIRED, 'expired'],
    [CommandOutcome.NOT_CONNECTED, 'RTU not connected'],
    [CommandOutcome.QUEUE_FULL, 'too many commands waiting'],
    [CommandOutcome.WITHDRAWN, 'withdrawn'],
  ])('outcome %i: it was not sent, and is refused', async (outcome, reason) => {
    bench.give(A, [ON]);
    bench.result(bench.handedOver()[0]?.number as number, outcome);
    expect(bench.sent).toEqual([{ session: A, cot: Cause.ACT_CON, negative: true, oa: 5 }]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual([`a 1 refused: ${reason}`]);
  });

  it('counts only from the connector that has it, and for our fence', () => {
    bench.give(A, [ON]);
    const number = bench.handedOver()[0]?.number as number;
    bench.result(number, CommandOutcome.EXPIRED, CONNECTOR + 1);
    const results = [{ fence: FENCE - 1, number, outcome: CommandOutcome.EXPIRED }];
    bench.commands.onResults({ connectorFence: CONNECTOR, results });
    expect(bench.sent).toEqual([]);
  });
});

describe('a command of which the connector says nothing', () => {
  it('is asked about after a second, once for all of them, until an answer comes', async () => {
    bench.report = undefined;
    bench.give(A, [ON, singleCommand(1, 501, true)]);
    const [, last] = bench.handedOver();
    await bench.pass(1_000);
    expect(bench.queries).toEqual([]);
    await bench.pass(200);
    expect(bench.queries).toEqual([{ v: 2, fence: FENCE, upTo: last?.number }]);
    await bench.pass(2_000);
    expect(bench.queries).toHaveLength(3);
    expect(bench.sent).toEqual([]);
  });

  it('is refused when it was lost on the way, and lets the next one go: an interrogation blocks its lane for a second', async () => {
    bench.give(A, [GI]);
    bench.give(B, [GI]);
    expect(bench.handedOver()).toHaveLength(1);
    await bench.pass(1_400);
    expect(bench.refusals()).toEqual([A]);
    expect(bench.outcomes()).toEqual(['a 1 refused: lost on the way to the connector']);
    expect(bench.handedOver()).toHaveLength(1);
  });

  it('is not refused when another owner had it sent: the leases were set back to a time before that one', async () => {
    bench.report = { sent: [sentCommand(A, 1, ON, 10, { fence: FENCE + 3_600, number: 77 })] };
    bench.give(A, [ON, singleCommand(1, 501, true)]);
    await bench.pass(1_400);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 2 refused: lost on the way to the connector']);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([A]);
  });

  it.each([
    ['there is none', 'NO_RESPONDERS', 1_400],
    ['it does not answer time and again', 'TIMEOUT', 3_400],
  ] as const)(
    'is followed by others that are refused at once, until the connector is heard: %s',
    async (_, code, ms) => {
      const request = bench.bus.request.bind(bench.bus);
      bench.bus.request = () => Promise.reject(new BusError(code, 'no answer'));
      bench.give(A, [ON]);
      await bench.pass(ms - 600);
      bench.give(A, [singleCommand(1, 501, true)]);
      expect(bench.handedOver()).toHaveLength(2);
      await bench.pass(600);
      bench.give(A, [singleCommand(1, 502, true)]);
      bench.give(B, [GI]);
      expect(bench.handedOver()).toEqual([]);
      // Of those that were handed over nothing is said.
      expect(bench.refusals()).toEqual([A, B]);
      bench.bus.request = request;
      bench.state();
      bench.give(A, [singleCommand(1, 503, true)]);
      expect(bench.handedOver()).toHaveLength(1);
    },
  );

  it('says nothing of the connector while the bus is away', async () => {
    bench.bus.request = () => Promise.reject(new BusError('UNAVAILABLE', 'no answer'));
    bench.give(A, [ON]);
    await bench.pass(4_400);
    bench.give(A, [singleCommand(1, 502, true)]);
    expect(bench.handedOver()).toHaveLength(2);
  });

  it('waits on when it is in the connector’s queue', async () => {
    bench.give(A, [GI]);
    const [command] = bench.handedOver();
    bench.report = { queued: [command?.number as number] };
    await bench.pass(20_000);
    expect(bench.sent).toEqual([]);
    bench.result(command?.number as number);
    expect(bench.answer(GI, Cause.ACT_CON)).toEqual([A]);
  });

  it('was sent when the report lists it: it can be answered from that place in the log on', async () => {
    bench.give(A, [ON]);
    const [command] = bench.handedOver();
    const { number, asdu } = command as CommandMessage;
    bench.report = { sent: [sentCommand(A, 1, asdu, 10, { fence: FENCE, number, position: 40 })] };
    await bench.pass(1_400);
    expect(bench.answer(ON, Cause.ACT_CON, { position: 39 })).toEqual([]);
    expect(bench.answer(ON, Cause.ACT_CON, { position: 40 })).toEqual([A]);
    await bench.pass(30_000);
    expect(bench.outcomes()).toEqual(['a 1 confirmed']);
  });

  it.each([
    ['another connector', { fence: CONNECTOR + 1 }],
    ['a connector that has lost its lease', { fence: CONNECTOR - 1 }],
    [
      'a connector that may have left some out',
      { sent: Array.from({ length: 2_000 }, () => sentCommand(1, 1, ON, 1)) },
    ],
  ])('is not refused because %s does not list it; it ends as unknown', async (_who, report) => {
    bench.report = report;
    bench.give(A, [ON]);
    await bench.pass(COMMAND_DEADLINE_MS + 9_000);
    expect(bench.sent).toEqual([]);
    await bench.pass(1_400);
    expect(bench.sent).toEqual([]);
    expect(bench.outcomes()).toEqual(['a 1 unknown']);
    expect(bench.commands.counters.commandsUnknown).toBe(1);
  });

  it('is not judged by the answer to a question that was asked before it was given', async () => {
    bench.report = undefined;
    bench.give(A, [ON]);
    await bench.pass(1_200);
    bench.give(B, [singleCommand(1, 501, true)]);
    bench.answerQuestion();
    await bench.pass(1);
    expect(bench.refusals()).toEqual([A]);
    bench.report = {};
    await bench.pass(1_400);
    expect(bench.refusals()).toEqual([B]);
  });
});

describe('when the RTU’s link is lost', () => {
  const lose = (): void => bench.state({ state: 'disconnected', reason: 'the RTU closed the connection' });

  it('what waits is refused, what was handed over is not, unless the connector says that it was not sent', async () => {
    bench.give(A, [ON]);
    bench.give(B, [ON]);
    const [command] = bench.handedOver();
    lose();
    expect(bench.refusals()).toEqual([B]);
    bench.result(command?.number as number, CommandOutcome.NOT_CONNECTED);
    expect(bench.refusals()).toEqual([A]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['b 1 refused: the RTU closed the connection', 'a 1 refused: RTU not connected']);
  });

  it('what was handed over is asked about, and refused when the connector has sent it on no link', async () => {
    bench.give(A, [ON]);
    bench.report = { epoch: 2 };
    lose();
    await bench.pass(1_400);
    expect(bench.refusals()).toEqual([A]);
    expect(bench.outcomes()).toEqual(['a 1 refused: lost on the way to the connector']);
  });

  it('what the connector sent on the lost link ends as unknown', async () => {
    bench.give(A, [ON]);
    const { number, asdu } = bench.handedOver()[0] as CommandMessage;
    bench.report = { epoch: 2, sent: [sentCommand(A, 1, asdu, 10, { fence: FENCE, number, epoch: 1 })] };
    lose();
    await bench.pass(4_000);
    expect(bench.sent).toEqual([]);
    expect(bench.outcomes()).toEqual(['a 1 unknown']);
  });

  it('what was sent gets the answers that are still in the log, else it ends as unknown without a refusal', async () => {
    bench.give(A, [ON, singleCommand(1, 501, true)]);
    for (const { number } of bench.handedOver()) bench.result(number);
    lose();
    expect(bench.answer(ON, Cause.ACT_CON, { negative: true })).toEqual([A]);
    await bench.pass(LAST_EVENTS_MS + 400);
    expect(bench.outcomes()).toEqual(['a 1 refused', 'a 2 unknown']);
    expect(bench.sent).toEqual([]);
  });

  it('selections and files end', () => {
    bench.give(A, [SELECT]);
    bench.result(bench.handedOver()[0]?.number as number);
    lose();
    bench.state({ epoch: 2 });
    bench.give(B, [SELECT]);
    expect(bench.refusals()).toEqual([]);
    expect(bench.handedOver()).toHaveLength(1);
  });

  it('or is to be given to another connector, commands are refused until that one is there', async () => {
    bench.state({ leaving: true });
    bench.give(A, [ON]);
    expect(bench.refusals()).toEqual([A]);
    await bench.pass(100);
    expect(bench.outcomes()).toEqual(['a 1 refused: the connector is being replaced']);
    expect(bench.handedOver()).toEqual([]);
    bench.state({ fence: CONNECTOR + 1, generation: 2 });
    bench.give(B, [SELECT], { fence: CONNECTOR + 1 });
    expect(bench.refusals()).toEqual([]);
    expect(bench.handedOver()).toHaveLength(1);
  });

  it.each([
    ['took over', CONNECTOR + 1],
    ['has the lease, which was set back to it,', CONNECTOR - 1],
  ])('that another connector %s counts as lost too: commands for the old one are not sent', async (_, fence) => {
    bench.give(A, [ON]);
    bench.give(B, [ON]);
    bench.handedOver();
    bench.state({ fence, generation: 2 });
    expect(bench.refusals()).toEqual([B]);
    await bench.pass(LAST_EVENTS_MS + 400);
    expect(bench.refusals()).toEqual([]);
    expect(bench.outcomes()).toEqual(['b 1 refused: the connector changed', 'a 1 unknown']);
    bench.give(B, [ON], { fence });
    expect(bench.handedOver()).toHaveLength(1);
  });
});

describe('an object that one master has selected', () => {
  const select = (): void => {
    bench.give(A, [SELECT]);
    bench.result(bench.handedOver()[0]?.number as number);
    bench.answer(SELECT, Cause.ACT_CON);
  };

  it('refuses others, whatever their type, until it is executed', () => {
    select();
    bench.give(B, [ON, doubleCommand(1, 500, 1), SELECT]);
    expect(bench.refusals()).toEqual([B, B, B]);
    bench.give(A, [ON]);
    bench.result(bench.handedOver()[0]?.number as number);
    bench.answer(ON, Cause.ACT_CON, { negative: true });
    bench.give(B, [SELECT]);
    expect(bench.handedOver()).toHaveLength(1);
  });

  it('stays selected when its execute was not sent, or when a second select was not', () => {
    select();
    for (const asdu of [ON, SELECT]) {
      bench.give(A, [asdu]);
      bench.result(bench.handedOver()[0]?.number as number, CommandOutcome.EXPIRED);
      bench.refusals();
      bench.give(B, [ON]);
      expect(bench.refusals()).toEqual([B]);
    }
  });

  it('is free when its select was not sent, or was refused by the RTU', () => {
    bench.give(A, [SELECT]);
    bench.result(bench.handedOver()[0]?.number as number, CommandOutcome.EXPIRED);
    bench.refusals();
    bench.give(B, [SELECT]);
    bench.result(bench.handedOver()[0]?.number as number);
    bench.answer(SELECT, Cause.ACT_CON, { negative: true });
    bench.give(A, [SELECT]);
    expect(bench.handedOver()).toHaveLength(1);
    expect(bench.refusals()).toEqual([]);
  });

  it('is not executed for another master when its master leaves, but may be selected by it', () => {
    select();
    bench.leave(A);
    bench.give(B, [ON]);
    expect(bench.handedOver()).toEqual([]);
    expect(bench.refusals()).toHaveLength(1);
    bench.give(B, [SELECT]);
    expect(bench.handedOver()).toHaveLength(1);
  });
});

describe('files', () => {
  const file = (ioa: number): Uint8Array => Uint8Array.of(122, 1, 13, 0, 1, 0, ioa & 0xff, ioa >> 8, 0, 1, 0, 0, 1);

  it('belong to who began, and each master may have only so many', async () => {
    bench.give(
      A,
      Array.from({ length: MAX_FILES_PER_SESSION }, (_, ioa) => file(ioa)),
    );
    bench.give(B, [file(0)]);
    expect(bench.sent.splice(0)).toEqual([{ session: B, cot: Cause.FILE, negative: true, oa: 5 }]);
    for (let ioa = 1_000; ioa < 1_020; ioa++) bench.give(A, [file(ioa)]);
    expect(bench.refusals()).toHaveLength(20);
    bench.give(B, [file(1_000)]);
    expect(bench.refusals()).toEqual([]);
    await bench.pass(200);
    expect(bench.outcomes()[1]).toBe('a 17 refused: too many files at a time');
  });
});

describe('interrogations', () => {
  it('are told apart by their CA', () => {
    bench.give(A, [interrogation(1)]);
    bench.give(B, [interrogation(2)]);
    for (const { number } of bench.handedOver()) bench.result(number);
    const asked = (cot: number, ca: number) =>
      bench.commands.answers.asked(Uint8Array.of(1, 1, cot, 0, ca, 0, 1, 0, 0, 1), 0, RECORD);
    expect(asked(Cause.INROGEN, 1)).toEqual([{ session: A, ownOa: 5 }]);
    expect(asked(Cause.INROGEN, 2)).toEqual([{ session: B, ownOa: 5 }]);
    expect(asked(Cause.INROGEN, 3)).toBeUndefined();
    expect(asked(Cause.REQCOGEN, 1)).toBeUndefined();
    expect(asked(Cause.INRO1, 1), 'nobody has asked for group 1').toBeUndefined();
  });
});

describe('a statement of a gateway', () => {
  it('of a command that is under way, or whose record is being stored, changes nothing', async () => {
    bench.journalFails = true;
    bench.give(A, [ON]);
    bench.give(A, [singleCommand(1, 501, true)], { deadlineMs: -1 });
    bench.handedOver();
    bench.reconcile(A, bench.stated(1, ON), bench.stated(2, singleCommand(1, 501, true)));
    await bench.pass(800);
    expect(bench.handedOver()).toEqual([]);
    expect(bench.settled).toEqual([]);
  });

  it('of a command that is settled settles it again', async () => {
    bench.give(A, [ON], { deadlineMs: -1 });
    await bench.pass(200);
    bench.settled.length = 0;
    bench.reconcile(A, bench.stated(1, ON));
    bench.clock.flush();
    expect(bench.settled).toEqual([[A, [1]]]);
    await bench.pass(200);
    expect(bench.outcomes()).toHaveLength(1);
  });

  it.each([
    ['was refused at once', () => bench.give(A, [ON], { deadlineMs: -1 })],
    [
      'the connector did not send',
      () => {
        bench.give(A, [ON]);
        bench.result(bench.handedOver()[0]?.number as number, CommandOutcome.QUEUE_FULL);
      },
    ],
    [
      'was answered at the door',
      () => {
        const answer = mirror(own(ON), Cause.ACT_CON, true);
        bench.door.judge = () => ({ kind: 'answered', answer, outcome: 'answered here' });
        bench.give(A, [ON]);
      },
    ],
  ])('of a settled command that %s, and has no answer yet, brings that again', async (_what, give) => {
    give();
    await bench.pass(400);
    expect(bench.refusals()).toEqual([A]);
    bench.reconcile(A, bench.stated(1, ON, { answered: 0x40 | Cause.ACT_CON }));
    expect(bench.refusals()).toEqual([]);
    bench.reconcile(A, bench.stated(1, ON));
    expect(bench.sent).toMatchObject([{ session: A, oa: 5, negative: true }]);
  });

  it('of a settled command that the RTU answered brings nothing of the router', async () => {
    bench.give(A, [ON]);
    bench.result(bench.handedOver()[0]?.number as number);
    bench.answer(ON, Cause.ACT_CON, { negative: true });
    await bench.pass(200);
    bench.sent.length = 0;
    bench.reconcile(A, bench.stated(1, ON));
    expect(bench.sent).toEqual([]);
  });

  it('of a command whose message was lost: it takes its way if it is in time, with the time it has taken so far', async () => {
    await bench.pass(20_000);
    bench.give(A, [ON], { lost: true });
    bench.give(A, [singleCommand(1, 501, true)]);
    expect(bench.handedOver().map(({ command }) => command)).toEqual([2]);
    bench.reconcile(A, bench.stated(1, ON, { ageMs: 900 }));
    const [late] = bench.handedOver();
    expect(late).toMatchObject({ command: 1, ownOa: 5, deadline: bench.connectorTime + 1_000 });
    bench.result(late?.number as number);
    bench.answer(ON, Cause.ACT_CON, { negative: true });
    await bench.pass(200);
    expect(bench.stored.splice(0)).toMatchObject([{ command: 1, outcome: 'refused', durationMs: 900 }]);
    expect(bench.commands.counters.commandsLost).toBe(1);
  });

  it('of a command whose message was lost and that is too late: it is refused, for it was never sent', async () => {
    await bench.pass(20_000);
    bench.give(A, [ON], { lost: true });
    const late = bench.stated(1, ON, { deadline: bench.connectorTime - 100, ageMs: 5_100 });
    bench.reconcile(A, late);
    bench.reconcile(A, late);
    expect(bench.refusals()).toEqual([A]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 refused: expired']);
    expect(bench.settled).toEqual([[A, [1]]]);
  });

  it.each([
    [0x47, 'refused'],
    [7, 'confirmed'],
    [10, 'terminated'],
    [9, 'deactivated'],
    [0x49, 'deactivation refused'],
    [0x40 | 47, 'refused (COT 47)'],
  ])('of a command that was answered (%i) without this router is recorded as %s', async (answered, outcome) => {
    bench.reconcile(A, bench.stated(1, ON, { answered }));
    expect(bench.sent).toEqual([]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual([`a 1 ${outcome}`]);
    expect(bench.settled).toEqual([[A, [1]]]);
  });
});

describe('a session that is over', () => {
  it('takes with it what waits; what the RTU has ends with its answer, and nobody gets that', async () => {
    bench.give(A, [ON]);
    bench.give(B, [ON]);
    bench.result(bench.handedOver()[0]?.number as number);
    bench.leave(B);
    bench.leave(A);
    expect(bench.answer(ON, Cause.ACT_CON, { negative: true })).toEqual([]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['b 1 master gone', 'a 1 refused, master gone']);
    expect(bench.commands.size).toBe(0);
  });

  it('leaves records of what its gateway states: commands it refused itself, and those that never came here', async () => {
    await bench.pass(20_000);
    const refused = bench.stated(4, ON, { answered: 0x47, connectorFence: 0, deadline: 0 });
    const commands = [refused, bench.stated(5, ON)];
    bench.closed(0xc, 30, ...commands);
    await bench.pass(200);
    expect(bench.stored).toMatchObject([{ peer: '10.9.9.9:9', name: 'N' }, {}]);
    expect(bench.outcomes()).toEqual(['c 4 refused: nobody could take it over, master gone', 'c 5 master gone']);
    expect(bench.settled).toEqual([[0xc, [4, 5]]]);
    bench.closed(0xc, 30, ...commands);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual([]);
    expect(bench.settled).toHaveLength(2);
    expect(bench.sent).toEqual([]);
  });

  it('leaves an OA that rests', () => {
    bench.closed(0xc, 30);
    const given = Array.from({ length: 252 }, (_, session) => bench.addresses.allocate(1_000 + session, 50_000));
    expect(given).not.toContain(30);
    expect(bench.addresses.allocate(2_000, 50_000), 'the last one left').toBe(30);
  });
});

describe('after a takeover', () => {
  beforeEach(() => {
    bench = new Bench({ restored: false });
    bench.join(A, 10);
    bench.join(B, 20);
    bench.report = undefined;
    bench.state();
  });

  const restore = (parts: Partial<CommandReport> = {}): void => bench.commands.restore(bench.reportOf(parts));

  it('what was sent is waited for: its answers reach its master, and nobody else’s same command goes before', async () => {
    restore({ sent: [sentCommand(A, 1, ON, 10, { position: 5 })] });
    bench.reconcile(A, bench.stated(1, ON));
    bench.give(B, [ON]);
    expect(bench.handedOver()).toEqual([]);
    expect(bench.answer(ON, Cause.ACT_CON, { position: 4 })).toEqual([]);
    expect(bench.answer(ON, Cause.ACT_CON, { position: 6 })).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_TERM, { position: 7 })).toEqual([A]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 terminated']);
    expect(bench.settled).toEqual([[A, [1]]]);
    expect(bench.handedOver()).toHaveLength(1);
  });

  it('an answer to a master that left meanwhile reaches nobody, whoever has its OA now', () => {
    restore({ sent: [sentCommand(0xdead, 1, ON, 30)] });
    expect(bench.addresses.allocate(1, bench.clock.now(), (oa) => oa === 30)).not.toBe(30);
    bench.join(0xc, 30);
    expect(bench.answer(ON, Cause.ACT_CON, { oa: 30 })).toEqual([0xdead]);
    expect(bench.answer(ON, Cause.ACT_CON, { oa: 30 })).toEqual([0xdead]);
  });

  it('of what was settled no second record is made, though its gateway is gone; later answers are not its own', async () => {
    const gone = [1, 2, 3].map((number) => sentCommand(0xdead, number, ON, 30, { ageMs: 50_000, settled: true }));
    restore({ sent: gone });
    bench.give(A, [ON]);
    expect(bench.handedOver()).toHaveLength(1);
    expect(bench.answer(ON, Cause.ACT_CON, { oa: 0 })).toEqual([A]);
    expect(bench.answer(ON, Cause.ACT_TERM, { oa: 0 })).toEqual([A]);
    await bench.pass(60_000);
    expect(bench.outcomes()).toEqual(['a 1 terminated']);
    expect(bench.commands.counters.commandsUnknown).toBe(0);
  });

  it('a settled command that its gateway still states is settled once more, and not done again', async () => {
    restore({ sent: [sentCommand(A, 1, ON, 10, { settled: true })] });
    bench.reconcile(A, bench.stated(1, ON));
    await bench.pass(60_000);
    expect(bench.handedOver()).toEqual([]);
    expect(bench.outcomes()).toEqual([]);
    expect(bench.settled).toContainEqual([A, [1]]);
  });

  it('a settled selection is known again', () => {
    restore({ sent: [sentCommand(0xdead, 4, SELECT, 30, { ageMs: 2_000, settled: true })] });
    bench.give(B, [ON]);
    expect(bench.refusals()).toHaveLength(1);
  });

  it('OAs of what was sent rest when nobody has them', () => {
    restore({ sent: [sentCommand(0xdead, 1, ON, 30, { ageMs: 5_000 })] });
    const saved = bench.addresses.saved(bench.clock.now());
    expect(saved).toContainEqual({ oa: 30, session: 0, restedMs: 5_000 });
  });

  it('selections are known again, as far as they were not executed, deselected or over', () => {
    const select = (ioa: number): Uint8Array => singleCommand(1, ioa, true, { select: true });
    const sent = [
      sentCommand(A, 5, singleCommand(1, 502, true), 10, { ageMs: 1_000 }),
      sentCommand(A, 1, select(501), 10, { ageMs: 9_000 }),
      sentCommand(A, 2, select(502), 10, { ageMs: 8_000 }),
      sentCommand(A, 3, select(503), 10, { ageMs: 31_000 }),
      sentCommand(0xdead, 4, select(504), 30, { ageMs: 2_000 }),
    ];
    restore({ sent });
    const isRefused = (ioa: number): boolean => {
      bench.give(B, [singleCommand(1, ioa, true)]);
      return bench.refusals().length > 0;
    };
    // 504 was selected by a master that is gone: the RTU may hold it still.
    expect([501, 502, 503, 504].map(isRefused)).toEqual([true, false, false, true]);
  });

  it('what was sent on an earlier link ends as unknown unless its answer is still in the log; it holds nothing', async () => {
    const later = singleCommand(1, 501, true);
    const sent = [sentCommand(A, 1, SELECT, 10, { epoch: 1 }), sentCommand(A, 2, later, 10, { epoch: 1 })];
    restore({ epoch: 2, sent });
    bench.reconcile(A, bench.stated(1, SELECT), bench.stated(2, later));
    bench.give(B, [ON]);
    expect(bench.handedOver()).toHaveLength(1);
    expect(bench.answer(later, Cause.ACT_CON, { negative: true })).toEqual([A]);
    await bench.pass(3_000);
    expect(bench.outcomes()).toEqual(['a 2 refused', 'a 1 unknown']);
  });

  it('files belong to who transferred them', () => {
    const file = Uint8Array.of(122, 1, 13, 0, 1, 0, 7, 0, 0, 1, 0, 0, 1);
    restore({ sent: [sentCommand(A, 1, file, 10)] });
    bench.give(B, [file]);
    expect(bench.refusals()).toEqual([B]);
    const segment = Uint8Array.of(125, 1, 13, 0, 1, 0, 7, 0, 0, 1, 0, 1, 0);
    expect(bench.commands.answers.answer(segment, 1, RECORD)).toMatchObject([{ session: A, ownOa: 5 }]);
  });

  it('nothing is judged before the connector was asked', async () => {
    bench.give(A, [ON]);
    bench.reconcile(A, bench.stated(1, ON), bench.stated(2, ON, { answered: 0x47 }));
    expect(bench.handedOver()).toEqual([]);
    expect(bench.sent).toEqual([]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 2 refused']);
    restore();
    bench.reconcile(A, bench.stated(1, ON));
    expect(bench.handedOver()).toMatchObject([{ session: A, command: 1 }]);
  });

  it('the connector is asked until it answers, when it could not be asked at first', async () => {
    await bench.pass(3_000);
    expect(bench.queries.length).toBeGreaterThan(1);
    expect(bench.queries[0]).toMatchObject({ fence: FENCE, upTo: 0 });
    bench.report = { sent: [sentCommand(A, 1, ON, 10)] };
    await bench.pass(2_000);
    expect(bench.answer(ON, Cause.ACT_CON)).toEqual([A]);
  });

  it('a command that the connector did not get, and nobody answered, takes its way or is refused', async () => {
    restore();
    const late = bench.stated(2, singleCommand(1, 501, true), { deadline: bench.connectorTime - 1, ageMs: 5_500 });
    bench.reconcile(A, bench.stated(1, ON, { ageMs: 4_500 }), late);
    expect(bench.handedOver()).toMatchObject([{ command: 1 }]);
    expect(bench.refusals()).toEqual([A]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 2 refused: expired']);
  });

  it.each([
    ['another connector had it', { fence: CONNECTOR + 1 }],
    ['the report may have left it out', { sent: Array.from({ length: 2_000 }, () => sentCommand(1, 1, ON, 1)) }],
  ])('a command that may have been sent, because %s, ends as unknown without a refusal', async (_why, report) => {
    restore(report);
    bench.reconcile(A, bench.stated(1, ON, { ageMs: 3_000 }));
    expect(bench.sent).toEqual([]);
    expect(bench.handedOver()).toEqual([]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 unknown']);
  });

  it('a command stays open while no connector can be asked, and ends as unknown', async () => {
    bench.reconcile(A, bench.stated(1, ON, { ageMs: 14_000 }));
    await bench.pass(200);
    expect(bench.outcomes()).toEqual([]);
    bench.reconcile(A, bench.stated(1, ON, { ageMs: 15_000 }));
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 unknown']);
    expect(bench.sent).toEqual([]);
  });

  it('a command that an earlier owner recorded gets no second record', async () => {
    restore({ sent: [sentCommand(A, 1, ON, 10), sentCommand(A, 2, singleCommand(1, 501, true), 10)] });
    bench.reconcile(A, bench.stated(2, singleCommand(1, 501, true)));
    await bench.pass(11_000);
    expect(bench.outcomes()).toEqual(['a 2 no answer']);
  });

  it('a command that an earlier owner settled takes no answer of a later one', async () => {
    restore({ sent: [sentCommand(A, 1, ON, 10), sentCommand(A, 2, ON, 10)] });
    // Stated before the second one was given.
    bench.statedBefore(A, 0, 2);
    bench.commands.reconcile(bench.sessions.get(A) as CommandSession, [bench.stated(2, ON)], 3);
    for (const cause of [Cause.ACT_CON, Cause.ACT_TERM]) expect(bench.answer(ON, cause, { oa: 10 })).toEqual([A]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 2 terminated']);
    // What comes late for the first one is still its own.
    expect(bench.answer(ON, Cause.ACT_CON, { oa: 10 })).toEqual([A]);
  });

  it('a command that its gateway has seen confirmed gets its ACT_TERM, though the log no longer has the ACT_CON', async () => {
    restore({ sent: [sentCommand(A, 1, ON, 10), sentCommand(A, 2, ON, 10)] });
    bench.statedBefore(A, 7, 3, bench.stated(1, ON, { answered: Cause.ACT_CON }), bench.stated(2, ON));
    // Its gateway has counted this one: it does not confirm the second command.
    expect(bench.answer(ON, Cause.ACT_CON, { oa: 0, position: 6 })).toEqual([]);
    expect(bench.answer(ON, Cause.ACT_TERM, { oa: 10, position: 7 })).toEqual([A]);
    for (const cause of [Cause.ACT_CON, Cause.ACT_TERM]) {
      expect(bench.answer(ON, cause, { oa: 10, position: 8 })).toEqual([A]);
    }
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 terminated', 'a 2 terminated']);
  });

  it('a command gets no answer once more that its master had before it started data transfer again', () => {
    restore({ sent: [sentCommand(A, 1, ON, 10)] });
    const { generation } = RECORD;
    const place = { generation: 0, expected: 0, had: { generation, position: 7 } };
    bench.statedAt(place, A, 2, bench.stated(1, ON, { answered: Cause.ACT_CON }));
    expect(bench.answer(ON, Cause.ACT_CON, { oa: 10, position: 6 })).toEqual([]);
    expect(bench.answer(ON, Cause.ACT_TERM, { oa: 10, position: 7 })).toEqual([A]);
  });

  it('a command that an earlier owner settled gets no answer once more, but one that comes late', () => {
    restore({ sent: [sentCommand(A, 1, ON, 10)] });
    const { generation } = RECORD;
    bench.statedAt({ generation: 0, expected: 0, had: { generation, position: 7 } }, A, 2);
    expect(bench.answer(ON, Cause.ACT_CON, { oa: 10, position: 5 })).toEqual([]);
    expect(bench.answer(ON, Cause.ACT_TERM, { oa: 10, position: 6 })).toEqual([]);
    // It is its own all the same.
    expect(bench.commands.counters.unmatchedAnswers).toBe(0);
    expect(bench.answer(ON, Cause.ACT_TERM, { oa: 10, position: 7 })).toEqual([A]);
  });

  it('a command gets its answers when its master had them in a log that was written anew since', () => {
    restore({ sent: [sentCommand(A, 1, ON, 10)] });
    const place = { generation: 0, expected: 0, had: { generation: RECORD.generation - 1, position: 7 } };
    bench.statedAt(place, A, 2, bench.stated(1, ON, { answered: Cause.ACT_CON }));
    expect(bench.answer(ON, Cause.ACT_CON, { oa: 10, position: 6 })).toEqual([A]);
  });

  it.each([
    ['another value', singleCommand(1, 500, false)],
    ['the same value', ON],
  ])('an answer that its master has had is nobody else’s, who asked for %s, and teaches nothing', (_what, older) => {
    restore({ sent: [sentCommand(B, 1, older, 20, { ageMs: 20_000 }), sentCommand(A, 1, ON, 10)] });
    // The gateway of B says nothing yet: it may have been settled long ago.
    bench.statedBefore(A, 9, 2, bench.stated(1, ON, { answered: Cause.ACT_CON }));
    expect(bench.answer(ON, Cause.ACT_CON, { oa: 0, position: 6 })).toEqual([]);
    expect(bench.commands.counters.notForwarded.master_left).toBe(0);
    expect(bench.commands.habits.tolerated(ON[0] as number)).toBe(0);
    expect(bench.answer(ON, Cause.ACT_TERM, { oa: 0, position: 9 })).toEqual([A]);
  });

  it('nothing but what repeats the whole command answers one of an earlier owner', () => {
    restore({ sent: [sentCommand(A, 1, ON, 10)] });
    const other = singleCommand(1, 500, false);
    for (const cause of [Cause.ACT_CON, Cause.ACT_TERM]) expect(bench.answer(other, cause, { oa: 0 })).toEqual([]);
    for (const cause of [Cause.ACT_CON, Cause.ACT_TERM]) expect(bench.answer(ON, cause, { oa: 0 })).toEqual([A]);
  });

  it('a select that the RTU refuses leaves the earlier one of its master, which the RTU has confirmed', async () => {
    const select = singleCommand(1, 500, true, { select: true });
    const again = singleCommand(1, 500, false, { select: true });
    restore({
      sent: [sentCommand(A, 1, select, 10, { ageMs: 2_000 }), sentCommand(A, 2, again, 10, { ageMs: 1_000 })],
    });
    bench.reconcile(A, bench.stated(1, select), bench.stated(2, again));
    expect(bench.answer(select, Cause.ACT_CON)).toEqual([A]);
    expect(bench.answer(again, Cause.ACT_CON, { negative: true })).toEqual([A]);
    bench.give(B, [ON]);
    expect(bench.handedOver()).toEqual([]);
  });

  it('a command is not taken for settled because there was no room to state it', async () => {
    restore({ sent: [sentCommand(A, 1, ON, 10), sentCommand(A, 3, ON, 10)] });
    bench.statedBefore(A, 0, 4, bench.stated(1, ON), bench.stated(2, ON));
    for (let i = 0; i < 2; i++) {
      for (const cause of [Cause.ACT_CON, Cause.ACT_TERM]) expect(bench.answer(ON, cause, { oa: 10 })).toEqual([A]);
    }
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 terminated', 'a 3 terminated']);
  });

  it('a command whose gateway states it after all gets its record when it is over', async () => {
    restore({ sent: [sentCommand(A, 1, ON, 10)] });
    bench.reconcile(A);
    bench.answer(ON, Cause.ACT_CON, { negative: true });
    await bench.pass(200);
    expect(bench.outcomes()).toEqual([]);
    bench.reconcile(A, bench.stated(1, ON));
    bench.reconcile(A, bench.stated(1, ON));
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 refused']);
    expect(bench.settled).toEqual([[A, [1]]]);
  });

  it('a command whose router and gateway both died has a record', async () => {
    restore({ sent: [sentCommand(0xdead, 1, ON, 30)] });
    await bench.pass(11_000);
    expect(bench.stored).toMatchObject([{ session: 0xdead, peer: 'unknown', outcome: 'no answer, master gone' }]);
  });

  it('a confirmed interrogation of several masters ends for all of them', async () => {
    restore({ sent: [sentCommand(A, 1, GI, 10)] });
    bench.reconcile(A, bench.stated(1, GI, { answered: Cause.ACT_CON }));
    bench.reconcile(B, bench.stated(9, GI, { answered: Cause.ACT_CON }));
    expect(bench.answer(GI, Cause.ACT_TERM)).toEqual([A, B]);
    await bench.pass(200);
    expect(bench.outcomes()).toEqual(['a 1 terminated', 'b 9 terminated']);
  });

  it('a message that comes although its command was sent already does nothing', () => {
    restore({ sent: [sentCommand(A, 1, ON, 10)] });
    bench.give(A, [ON]);
    expect(bench.handedOver()).toEqual([]);
    expect(bench.sent).toEqual([]);
  });
});

describe('after many masters came, gave commands and left', () => {
  it('nothing is left of them', async () => {
    bench.leave(A);
    bench.leave(B);
    for (let session = 100; session < 150; session++) {
      bench.join(session, session);
      const asdus = [
        ON,
        SELECT,
        GI,
        interrogation(0xffff),
        doubleCommand(session, 5, 1),
        Uint8Array.of(200, 1, 6, 0, 1, 0),
      ];
      const file = Uint8Array.of(122, 1, 13, 0, 1, 0, session, 0, 0, 1, 0, 0, 1);
      bench.give(session, [...asdus, file, Uint8Array.of(1, 1, 3, 0, 1, 0)]);
      for (const { number } of bench.handedOver()) if (number % 3 > 0) bench.result(number);
      bench.reconcile(session, bench.stated(500, ON));
      if (session % 4 === 0) await bench.pass(200);
      if (session % 10 === 0) bench.state({ epoch: session, state: session % 20 === 0 ? 'started' : 'disconnected' });
      bench.leave(session);
      bench.closed(session, session, bench.stated(501, ON));
    }
    await bench.pass(300_000);
    expect(bench.commands.entries).toBe(0);
    expect(bench.clock.pending).toBe(0);
    const names = bench.stored.map(({ session, command }) => `${session}.${command}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(50 * 10);
  });
});

describe('an answer that belongs to no command', () => {
  it('and that an earlier owner has dealt with is not counted', () => {
    const after = new Bench({ restored: false });
    after.report = undefined;
    after.state({ next: 40 });
    after.commands.restore(after.reportOf({}));
    expect(after.answer(ON, Cause.ACT_CON, { position: 39 })).toEqual([]);
    expect(after.commands.counters.unmatchedAnswers).toBe(0);
    after.answer(ON, Cause.ACT_CON, { position: 40 });
    expect(after.commands.counters.unmatchedAnswers).toBe(1);
  });

  it('may be to commands of several masters, or of one that has left, and is counted as what it is', () => {
    const { counters } = bench.commands;
    const other = singleCommand(1, 501, true);
    bench.give(A, [ON]);
    bench.give(B, [other]);
    for (const number of [1, 2]) bench.result(number);
    const incomplete = new Uint8Array(ON).fill(0, 6);
    expect(bench.answer(incomplete, Cause.UNKNOWN_IOA)).toEqual([]);
    expect(counters.notForwarded).toMatchObject({ several_masters: 1, no_command: 0, master_left: 0 });
    bench.answer(singleCommand(1, 502, true), Cause.ACT_CON);
    expect(counters.notForwarded).toMatchObject({ several_masters: 1, no_command: 1, master_left: 0 });
    bench.commands.forget(B);
    expect(bench.answer(other, Cause.ACT_CON)).toEqual([]);
    expect(counters.notForwarded).toMatchObject({ several_masters: 1, no_command: 1, master_left: 1 });
    expect(counters.unmatchedAnswers).toBe(2);
  });

  it('reaches nobody and is counted', () => {
    expect(bench.answer(ON, Cause.ACT_CON, { oa: 10 })).toEqual([]);
    expect(bench.commands.counters.unmatchedAnswers).toBe(1);
  });
});

describe('a router that stops', () => {
  it('asks, stores and tells nothing any more', async () => {
    bench.give(A, [ON]);
    bench.give(A, [ON], { deadlineMs: -1 });
    bench.commands.stop();
    await bench.pass(3_000);
    expect(bench.stored).toEqual([]);
    expect(bench.settled).toEqual([]);
    expect(bench.clock.pending).toBe(0);
  });
});
