import { type Bus, GroupSubjects, type Lease, type LogWriter, receive, type Subscription } from '@iec104mm2ss/bus';
import type { Clock } from '@iec104mm2ss/runtime';
import {
  type CommandMessage,
  type CommandQuery,
  type Confirmed,
  decodeCommand,
  decodeCommandQuery,
  decodeConfirmed,
  decodeOwner,
  encodeCommandReport,
  encodeState,
  type OwnerMessage,
  type RtuState,
  type SentCommand,
  WireError,
} from '@iec104mm2ss/wire';
import { apdus } from './asdus.js';

/** The part of a connector that a router has to do with: it holds the lease, states the link, writes the log. */
export class FakeConnector {
  state: RtuState = 'started';
  epoch = 1;
  address = '10.9.9.9';
  /** What it says when it is asked; undefined: it does not answer. */
  sent: SentCommand[] | undefined = [];
  readonly queries: CommandQuery[] = [];
  readonly commands: CommandMessage[] = [];
  confirmed: Confirmed | undefined;
  owner: OwnerMessage | undefined;
  writer: LogWriter | undefined;
  private readonly subjects: GroupSubjects;
  private readonly subscriptions: Subscription[];
  private readonly lease: Lease;

  constructor(
    private readonly bus: Bus,
    private readonly group: string,
    private readonly instance: string,
    private readonly clock: Clock,
  ) {
    const subjects = new GroupSubjects(group);
    this.subjects = subjects;
    this.lease = bus.lease({
      key: `connector.${group}`,
      onAcquired: () => void this.open(),
      onLost: () => undefined,
    });
    this.subscriptions = [
      receive(bus, subjects.owner, decodeOwner, (owner) => {
        this.owner = owner;
      }),
      receive(bus, subjects.confirmed, decodeConfirmed, (confirmed) => {
        this.confirmed = confirmed;
      }),
      receive(bus, subjects.command, decodeCommand, (command) => this.commands.push(command)),
      bus.subscribe(subjects.commandQuery, (message) => {
        const query = decodeCommandQuery(message.data);
        if (query instanceof WireError || this.sent === undefined) return;
        this.queries.push(query);
        message.respond(this.report());
      }),
    ];
  }

  get fence(): number {
    return this.lease.fence;
  }

  /** Begins a generation of the log. */
  async open(): Promise<void> {
    this.writer = await this.bus
      .eventLog(this.group)
      .openWriter({ onStored: () => undefined, onRefused: () => undefined });
    this.say();
  }

  /** The RTU sends these. */
  append(...asdus: Uint8Array[]): void {
    const octets = apdus(asdus);
    const { epoch } = this;
    this.writer?.append({ epoch, count: asdus.length, receivedAt: 0, octets, start: 0, end: octets.length });
  }

  /** States what it has. */
  say(state = this.state): void {
    this.state = state;
    const { group, instance: connector, fence, epoch, address, writer } = this;
    if (fence === 0 || writer === undefined) return;
    this.bus.publish(
      this.subjects.state,
      encodeState({
        group,
        connector,
        fence,
        clock: this.clock.now(),
        state,
        epoch,
        endpoint: `${address}:2404`,
        address,
        since: 0,
        reason: '',
        connects: epoch,
        next: writer.next,
        generation: writer.generation,
      }),
    );
  }

  die(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.writer?.close();
  }

  private report(): Uint8Array {
    const { instance: connector, fence, epoch, writer, sent = [] } = this;
    const generation = writer?.generation ?? 0;
    const clock = this.clock.now();
    return encodeCommandReport({ connector, fence, epoch, clock, generation, sent, queued: [] });
  }
}
