import { APCI_OCTETS, DEFAULT_LINK_PARAMETERS, forEachApdu, type LinkState } from '@iec104mm2ss/iec104';
import type { TcpSocket } from '@iec104mm2ss/runtime';
import { type CloseReason, Connection, type DeadlineScheduler } from '@iec104mm2ss/transport';

/** A master at its end of a socket: keeps what it receives, and acknowledges it at once unless it holds that back. */
export class FakeMaster {
  readonly connection: Connection;
  readonly received: Uint8Array[] = [];
  state: LinkState = 'stopped';
  closed: CloseReason | undefined;

  constructor(
    socket: TcpSocket,
    private readonly scheduler: DeadlineScheduler,
    options: { readonly hold?: boolean } = {},
  ) {
    this.connection = new Connection(
      socket,
      { ...DEFAULT_LINK_PARAMETERS, w: 1, k: 12, role: 'controlling', holdAcknowledgements: options.hold ?? false },
      {
        onApdus: (octets, start, end) =>
          forEachApdu(octets, start, end, (at, next) =>
            this.received.push(new Uint8Array(octets.subarray(at + APCI_OCTETS, next))),
          ),
        onState: (to) => {
          this.state = to;
        },
        onClosed: (reason) => {
          this.closed = reason;
        },
      },
      scheduler,
    );
  }

  /** STARTDT act. */
  start(): void {
    this.connection.link.startDataTransfer(this.scheduler.now());
    this.connection.touched();
  }

  /** STOPDT act. */
  stop(): void {
    this.connection.link.stopDataTransfer(this.scheduler.now());
    this.connection.touched();
  }

  send(...asdus: readonly Uint8Array[]): void {
    for (const asdu of asdus) this.connection.link.send(asdu, this.scheduler.now());
    this.connection.touched();
  }

  /** Acknowledges the first `count` ASDUs that it has received, by default all of them. */
  acknowledge(count = this.connection.link.received): void {
    this.connection.link.confirm(count, this.scheduler.now());
    this.connection.touched();
  }

  close(): void {
    this.connection.close({ code: 'bye', message: 'bye' });
  }
}
