import type { MasterCertificate } from '../certificates.ts';

/** What stands between RTU and masters in a measurement: nothing, haproxy, or the multiplexer in one of its shapes. */
export interface Address {
  host: string;
  port: number;
  /** It is spoken to with TLS, and shown this. */
  tls?: MasterCertificate;
}

export interface System {
  name: string;
  /** The RTU load process' groups this system leads to, from this index on; `groups` of them. */
  firstGroup: number;
  groups: number;
  /** One RTU connection however many masters? A plain proxy opens one for each. */
  shared: boolean;
  /** Where master number `master` of a group connects. */
  target(group: number, master: number): Address;
  /** Where it listens for the masters of its groups, and when it was started (`performance.now()`), where that is measured. */
  ports?: number[];
  startedAtMs?: number;
  pids: number[];
  /** The same by kind of part, when it has several. */
  parts?: Record<string, number[]>;
  stop: () => Promise<void>;
}

/** Given to every system to be started. */
export interface Site {
  /** An empty directory for configuration, logs and stores. */
  directory: string;
  rtuHost: string;
  rtuPorts: number[];
  firstGroup: number;
}
