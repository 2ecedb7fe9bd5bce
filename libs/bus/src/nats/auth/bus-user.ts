/**
 * What a process does on the bus. `run`: all parts in one process. `watcher`: `mm2ss watch` and `mm2ss audit`. `console`:
 * `mm2ss console`, `mm2ss status` and what that orders. `setup`: `mm2ss nats-setup`, which creates what is stored, and nothing else may.
 */
export type BusRole = 'connector' | 'router' | 'gateway' | 'run' | 'watcher' | 'console' | 'setup';

/** Somebody whom the NATS server knows. Processes with the same credentials are one user. */
export interface BusUser {
  /** A subject token, unique. */
  readonly name: string;
  readonly role: BusRole;
  /** Ids of the groups that a connector or gateway serves; undefined: all. */
  readonly groups?: readonly string[];
}
