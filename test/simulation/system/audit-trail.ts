import { allGroups, type Bus } from '@iec104mm2ss/bus';

/** A record as the product writes it, as far as it is looked at here. */
export interface AuditedRecord {
  readonly group: string;
  readonly session: number;
  readonly command: number;
  readonly peer: string;
  readonly type: string;
  readonly objects: unknown;
  readonly outcome: string;
  readonly select: boolean;
}

/** Collects the audit records of processes that keep none. On servers they are read from the journal at the end. */
export class AuditTrail {
  readonly records: AuditedRecord[] = [];

  watch(bus: Bus): void {
    if (bus.kind !== 'memory') return;
    bus.subscribe(allGroups('audit'), ({ data }) => this.add(data));
  }

  add(data: Uint8Array): void {
    this.records.push(JSON.parse(Buffer.from(data).toString('utf8')) as AuditedRecord);
  }
}
