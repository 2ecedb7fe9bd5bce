import { type Asdu, AsduView, decodeAsdu } from '@iec104mm2ss/iec104';

/** An ASDU as a master got it. The octets are its own and stay unchanged. */
export class ReceivedAsdu {
  private header: AsduView | undefined;

  constructor(
    readonly octets: Uint8Array,
    /** Scheduler time (`performance.now()` unless a clock was given). */
    readonly receivedAt: number,
  ) {}

  /** The data unit identifier, read in place. */
  get view(): AsduView {
    return (this.header ??= new AsduView(this.octets));
  }

  /** Everything decoded; a new object at each call. @throws Iec104Error when the length does not fit the type */
  decode(): Asdu {
    return decodeAsdu(this.octets);
  }
}
