import { connect, type Socket } from 'node:net';
import {
  APCI_OCTETS,
  apduEnd,
  type ApduFormat,
  ApduFramer,
  formatOf,
  iFormat,
  receiveSequence,
  sendSequence,
  SEQUENCE_MASK,
  sFormat,
  uFormat,
  UFunction,
} from '@iec104mm2ss/iec104';

/** One APDU of the end under test. */
export interface RawApdu {
  readonly format: ApduFormat;
  /** First octet of the control field. */
  readonly control: number;
  readonly ns: number;
  readonly nr: number;
  /** Empty unless I-format. */
  readonly asdu: Uint8Array;
}

/**
 * One end of a link that does what a check tells it, right or wrong. By itself it acknowledges, and confirms TESTFR, and STOPDT and
 * STARTDT of a master that was started before: a multiplexer stops while it has no masters.
 */
export class RawEnd {
  readonly got: RawApdu[] = [];
  closed = false;
  /** Whether each I-format APDU is acknowledged at once. */
  acknowledging = true;
  /** Whether TESTFR act, STOPDT act and another STARTDT act are confirmed. */
  confirming = true;
  /** Next N(S) to send and to receive. */
  vs = 0;
  vr = 0;
  /** N(R) that was sent last. */
  acknowledged = 0;
  private started = false;
  /** What goes out after the APDU that is being sent octet by octet. */
  private held: Uint8Array[] | undefined;
  private readonly framer = new ApduFramer();
  private wake: (() => void) | undefined;

  constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.read(chunk));
    const end = (): void => {
      this.closed = true;
      this.wake?.();
    };
    socket.on('error', end);
    socket.on('close', end);
    socket.on('end', end);
  }

  static connect(host: string, port: number, localAddress: string | undefined): Promise<RawEnd> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, ...(localAddress !== undefined && { localAddress }) });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawEnd(socket)));
    });
  }

  end(): void {
    this.socket.destroy();
  }

  sendU(fn: UFunction): void {
    this.started ||= fn === UFunction.STARTDT_CON;
    this.sendOctets(uFormat(fn));
  }

  /** Octets that may be no APDU. */
  sendOctets(octets: Uint8Array): void {
    if (this.held === undefined) this.socket.write(octets);
    else this.held.push(octets);
  }

  /** I-format, each octet in a segment of its own; what is sent or confirmed meanwhile follows it. */
  async sendIInSegments(asdu: Uint8Array, pauseMs: number): Promise<void> {
    const held: Uint8Array[] = [];
    this.held = held;
    this.sendI(asdu);
    for (const octet of held.shift() as Uint8Array) {
      this.socket.write(Uint8Array.of(octet));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    this.held = undefined;
    for (const octets of held) this.socket.write(octets);
  }

  sendS(nr = this.vr): void {
    this.acknowledged = nr;
    this.sendOctets(sFormat(nr));
  }

  sendI(asdu: Uint8Array, ns = this.vs): void {
    const { vr } = this;
    this.acknowledged = vr;
    this.sendOctets(iFormat(ns, vr, asdu));
    this.vs = (ns + 1) & SEQUENCE_MASK;
  }

  /** Resolves with the first APDU that fits, of those that have come or will; undefined when there is none in time. */
  async until(fits: (apdu: RawApdu) => boolean, ms: number): Promise<RawApdu | undefined> {
    await this.wait(() => this.got.some(fits), ms);
    return this.got.find(fits);
  }

  /** Resolves true when the other end has closed the connection, false when the time is over. */
  async untilClosed(ms: number): Promise<boolean> {
    await this.wait(() => this.closed, ms);
    return this.closed;
  }

  private async wait(isThere: () => boolean, ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (!isThere() && !this.closed) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  private read(chunk: Buffer): void {
    const octets = this.framer.feed(chunk);
    for (let at = 0; at < octets.length;) {
      const end = apduEnd(octets, at);
      const control = octets[at + 2] as number;
      const format = formatOf(octets, at);
      const [ns, nr] = [sendSequence(octets, at), receiveSequence(octets, at)];
      this.got.push({ format, control, ns, nr, asdu: new Uint8Array(octets.subarray(at + APCI_OCTETS, end)) });
      if (format === 'I') {
        this.vr = (ns + 1) & SEQUENCE_MASK;
        if (this.acknowledging) this.sendS();
      } else if (this.confirming) this.confirm(control);
      at = end;
    }
    this.wake?.();
  }
  private confirm(control: number): void {
    if (control === UFunction.TESTFR_ACT) this.sendU(UFunction.TESTFR_CON);
    else if (control === UFunction.STOPDT_ACT) this.sendU(UFunction.STOPDT_CON);
    else if (control === UFunction.STARTDT_ACT && this.started) this.sendU(UFunction.STARTDT_CON);
  }
}
