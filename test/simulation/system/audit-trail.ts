import { allGroups, type Bus } from '@iec104mm2ss/bus';
import type { AuditedRecord } from '../accounts/audit-account.ts';
import type { Cluster } from '../broker/cluster.ts';

const AUDIT_STREAM = 'IEC104_AUDIT';

/** The audit records of a system, and which session was whose, as its processes have logged it. */
export class AuditTrail {
  private readonly heard: AuditedRecord[] = [];
  private readonly peers = new Map<number, string>();
  private readonly disconnected = new Map<string, number>();

  /** One process without servers keeps no records: they are listened to. */
  watch(bus: Bus): void {
    if (bus.kind === 'memory') bus.subscribe(allGroups('audit'), ({ data }) => this.heard.push(decode(data)));
  }

  onSession(session: unknown, peer: unknown): void {
    if (typeof session === 'number' && typeof peer === 'string' && peer !== 'unknown') this.peers.set(session, peer);
  }

  /** The product has disconnected a master: what still comes over that connection is nobody's. */
  onDisconnected(peer: unknown, at: number): void {
    if (typeof peer === 'string') this.disconnected.set(peer, at);
  }

  disconnectedAt(peer: string): number {
    return this.disconnected.get(peer) ?? Infinity;
  }

  peerOf(session: number): string | undefined {
    return this.peers.get(session);
  }

  records(cluster: Cluster | undefined): readonly AuditedRecord[] {
    if (cluster === undefined) return this.heard;
    const stream = cluster.store.streams.get(AUDIT_STREAM);
    return (stream?.tail(allGroups('audit'), Infinity) ?? []).map(decode);
  }
}

function decode(data: Uint8Array): AuditedRecord {
  return JSON.parse(Buffer.from(data).toString('utf8')) as AuditedRecord;
}
