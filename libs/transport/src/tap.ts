/** Injection token of Taps. */
export const TAPS = Symbol('TAPS');

export interface TapAddress {
  readonly address: string;
  readonly port: number;
}

/** The two ends of a connection that is listened to; the same object as long as it lasts. */
export interface TapEnds {
  readonly local: TapAddress;
  readonly remote: TapAddress;
  /** We opened it: the other end is an RTU. */
  readonly controlling: boolean;
}

/** What happened on a connection. TLS is behind it: octets are those of IEC 104. */
export interface TapRecord {
  /** `open`: it is there. `in`, `out`: octets came or went. Else how it ended: by us, by the peer, and with RST where it says so. */
  readonly kind: 'open' | 'in' | 'out' | 'closed' | 'peer-closed' | 'reset' | 'peer-reset';
  readonly ends: TapEnds;
  /** Octets received and sent on it before. */
  readonly received: number;
  readonly sent: number;
  /** Of `in` and `out`. They stay unchanged during the call only. */
  readonly octets?: Uint8Array;
  /** Of `in`: the first octet begins an APDU, as far as the peer keeps to lengths. */
  readonly aligned?: boolean;
  /** Why it ended, in words. */
  readonly reason?: string;
}

export type TapListener = (record: TapRecord) => void;

/** Where the connections of one group can be listened to. It costs a look at one field while nobody does. */
export class Tap {
  private listeners: readonly TapListener[] = [];

  get listening(): boolean {
    return this.listeners.length > 0;
  }

  /** @returns ends it */
  listen(listener: TapListener): () => void {
    this.listeners = [...this.listeners, listener];
    return () => {
      this.listeners = this.listeners.filter((each) => each !== listener);
    };
  }

  tell(record: TapRecord): void {
    for (const listener of this.listeners) listener(record);
  }
}

/** The taps of all groups of a process. */
export class Taps {
  private readonly taps = new Map<string, Tap>();

  of(group: string): Tap {
    const tap = this.taps.get(group) ?? new Tap();
    this.taps.set(group, tap);
    return tap;
  }
}
