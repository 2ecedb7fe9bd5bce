import type { Clock } from '@iec104mm2ss/runtime';
import type { LeaseContenders } from './lease-contenders.js';
import type { LeaseStore } from './lease-store.js';

/** What leases take from their bus. */
export interface LeaseWorld {
  readonly clock: Clock;
  readonly random: () => number;
  readonly instance: string;
  connected(): boolean;
  readonly store: LeaseStore;
  readonly contenders: LeaseContenders;
  lookAtLoop(): void;
  trouble(message: string): void;
}
