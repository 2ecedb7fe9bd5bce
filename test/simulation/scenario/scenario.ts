import type { AckPolicy, SameIpPolicy } from '@iec104mm2ss/config';
import type { LinkParameters } from '@iec104mm2ss/iec104';
import type { RtuHabits } from '../actors/rtu-habits.ts';

/**
 * A story as plain data: who is there, what masters do, what goes wrong and when. It is made from a seed; a shorter one is
 * the same with some of it left out. Ids (`g1`, `p3`, `m2`, `a7`, `f4`) name what can be left out.
 */
export interface Scenario {
  readonly seed: number;
  /** Pods on a cluster, processes with all parts on a cluster, or one process without. */
  readonly shape: 'pods' | 'pairs' | 'one';
  /** `trimMs`: how long trimming an event log waits, where that is shorter than in real life. */
  readonly bus: { readonly servers: 1 | 3; readonly sync: 'always' | number; readonly trimMs?: number };
  /** The release before has run on this bus, and some of its processes are still there. */
  readonly upgraded: boolean;
  readonly groups: readonly GroupPlan[];
  readonly processes: readonly ProcessPlan[];
  readonly masters: readonly MasterPlan[];
  readonly acts: readonly Act[];
  readonly faults: readonly Fault[];
  /** Name of the situation that was set up on purpose; see generate-scenes.ts. */
  readonly scene?: string | undefined;
  /** Nothing is begun after it, and everything that was wrong is mended: from then on the system must recover. */
  readonly quietAt: number;
}

export type Part = 'connector' | 'router' | 'gateway';

export interface GroupPlan {
  readonly id: string;
  readonly habits: RtuHabits;
  /** Events a second. */
  readonly rate: number;
  readonly config: {
    readonly link: LinkParameters;
    readonly buffsize: number;
    readonly maxConnections: number;
    readonly sameIp: SameIpPolicy;
    readonly ack: AckPolicy | undefined;
    readonly interrogation: 'all' | 'originator';
    readonly decoded: boolean;
  };
}

export interface ProcessPlan {
  readonly id: string;
  readonly parts: readonly Part[];
  /** Groups it serves as a connector; the other parts serve all. */
  readonly groups: readonly string[];
  readonly hostname: string;
  readonly address: string;
  readonly rate: number;
  readonly wallSkewMs: number;
}

export interface MasterPlan {
  readonly id: string;
  readonly group: string;
  readonly address: string;
  /** Named masters with one name are redundant connections of one master. */
  readonly name: string | undefined;
  /** What it wants at first, and at the end. */
  readonly wish: 'started' | 'standby';
  /** False: it has the right to `monitor` only; absent: to everything. */
  readonly mayControl?: boolean;
  readonly link: LinkParameters;
}

export type Act = { readonly id: string; readonly at: number } & (
  | { readonly kind: 'command'; readonly master: string; readonly command: CommandPlan }
  | { readonly kind: 'wish'; readonly master: string; readonly wish: 'started' | 'standby' | 'away' }
  | { readonly kind: 'reads'; readonly master: string; readonly on: boolean }
  | { readonly kind: 'drop'; readonly master: string; readonly reset: boolean }
  | { readonly kind: 'burst'; readonly group: string; readonly count: number }
  | { readonly kind: 'observe'; readonly group: string; readonly on: boolean }
);

export type CommandPlan =
  /** C_BO with a value of its own. */
  | { readonly type: 'bitstring'; readonly ioa: number }
  /** C_SC: several look alike. */
  | { readonly type: 'single'; readonly ioa: number; readonly value: boolean }
  /** C_SE_NC, select and execute; or the execute alone, or the select alone. */
  | { readonly type: 'setpoint'; readonly ioa: number; readonly steps: 'both' | 'select' | 'execute' }
  | { readonly type: 'interrogation'; readonly ca: number }
  | { readonly type: 'read'; readonly ioa: number }
  /** Must be refused: two objects in one ASDU, the second one elsewhere, or CA 65535. */
  | { readonly type: 'twoObjects'; readonly ioa: number }
  | { readonly type: 'toAll'; readonly ioa: number };

export const FAULT_KINDS = [
  'crash',
  'crash in a step',
  'machine lost',
  'restart',
  'pause',
  'slow',
  'configuration',
  'clock step',
  'rtu path stalled',
  'rtu path reset',
  'rtu path in octets',
  'rtu reboots',
  'rtu lost',
  'rtu closes',
  'master path stalled',
  'master path in octets',
  'master lost',
  'messages lost',
  'bus connection lost',
  'bus unreachable',
  'bus stops',
  'bus server stops',
  'bus leader lost',
  'disk slow',
  'power lost',
  'store lost',
  'store restored',
  'garbage',
  'forged',
  'value spoilt',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly id: string;
  readonly kind: FaultKind;
  readonly at: number;
  /** For how long, or after how long it is mended. */
  readonly ms: number;
  /** A process, group or master; part of a subject for lost messages; empty for the bus. */
  readonly target: string;
  /** A number that the kind needs: effects before a crash, ms of a step, probability of a loss, number of a server. */
  readonly value: number;
}
