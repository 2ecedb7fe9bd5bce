import { connect, type Socket } from 'node:net';
import { apduEnd, ApduFramer } from '@iec104mm2ss/iec104';

/** One APDU of the station under test. */
export interface RawApdu {
  readonly format: 'I' | 'S' | 'U';
  /** First octet of the control field. */
  readonly control: number;
  readonly ns: number;
  readonly nr: number;
  /** Empty unless I-format. */
  readonly asdu: Uint8Array;
}

export const STARTDT_ACT = 0x07;
export const STARTDT_CON = 0x0b;
export const STOPDT_ACT = 0x13;
export const STOPDT_CON = 0x23;
export const TESTFR_ACT = 0x43;
export const TESTFR_CON = 0x83;

const MASK = 0x7fff;

/** A controlling station that does what a check tells it, right or wrong. By itself it confirms TESTFR, and acknowledges. */
export class RawMaster {
  readonly got: RawApdu[] = [];
  closed = false;
  /** Whether each I-format APDU is acknowledged at once. */
  acknowledging = true;
  /** Next N(S) to send and to receive. */
  vs = 0;
  vr = 0;
  /** N(R) that was sent last. */
  acknowledged = 0;
  private readonly framer = new ApduFramer();
  private wake: (() => void) | undefined;

  private constructor(private readonly socket: Socket) {
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

  static connect(host: string, port: number, localAddress: string | undefined): Promise<RawMaster> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, ...(localAddress !== undefined && { localAddress }) });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawMaster(socket)));
    });
  }

  end(): void {
    this.socket.destroy();
  }

  sendU(control: number): void {
    this.write([0x68, 4, control, 0, 0, 0]);
  }

  sendS(nr = this.vr): void {
    this.acknowledged = nr;
    this.write([0x68, 4, 1, 0, (nr << 1) & 0xff, nr >> 7]);
  }

  sendI(asdu: Uint8Array | readonly number[], ns = this.vs): void {
    const { vr } = this;
    this.acknowledged = vr;
    this.write([0x68, asdu.length + 4, (ns << 1) & 0xff, ns >> 7, (vr << 1) & 0xff, vr >> 7, ...asdu]);
    this.vs = (ns + 1) & MASK;
  }

  /** Resolves with the first APDU that fits, of those that have come or will; undefined when there is none in time. */
  async until(fits: (apdu: RawApdu) => boolean, ms: number): Promise<RawApdu | undefined> {
    await this.wait(() => this.got.some(fits), ms);
    return this.got.find(fits);
  }

  /** Resolves true when the station has closed the connection, false when the time is over. */
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

  private write(octets: readonly number[]): void {
    this.socket.write(Uint8Array.from(octets));
  }

  private read(chunk: Buffer): void {
    const octets = this.framer.feed(chunk);
    for (let at = 0; at < octets.length;) {
      const end = apduEnd(octets, at);
      const [, , control = 0, second = 0, third = 0, fourth = 0] = octets.subarray(at, at + 6);
      const format = (control & 1) === 0 ? 'I' : (control & 2) === 0 ? 'S' : 'U';
      const [ns, nr] = [((second << 8) | control) >> 1, ((fourth << 8) | third) >> 1];
      this.got.push({ format, control, ns, nr, asdu: new Uint8Array(octets.subarray(at + 6, end)) });
      if (format === 'I') {
        this.vr = (ns + 1) & MASK;
        if (this.acknowledging) this.sendS();
      } else if (control === TESTFR_ACT) this.sendU(TESTFR_CON);
      at = end;
    }
    this.wake?.();
  }
}
