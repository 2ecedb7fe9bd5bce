import type { NtpStatus, ProcessStatus, Status } from '@iec104mm2ss/observability/status';
import type { CellProblem } from './edit.js';

/** A row of the file that is not in force, or not wholly, as `mm2ss check` says it. */
export interface FileProblem extends CellProblem {
  readonly row: number;
}

/** `GET /api/v1/configuration` */
export interface ConfigurationAnswer {
  readonly file: string;
  /** Of the file as it is on disk now; null: it cannot be read, and `problems` says why. */
  readonly digest: string | null;
  readonly encoding: string;
  readonly delimiter: string;
  readonly groups: number;
  readonly problems: readonly FileProblem[];
  readonly ntpServers: readonly string[];
  /** What each process works with. */
  readonly processes: readonly {
    readonly instance: string;
    readonly parts: readonly string[];
    readonly file: string | null;
    readonly digest: string | null;
    readonly loadedAt: string | null;
    /** Why the file, as that process finds it, is not in force there. */
    readonly refused: string | null;
    readonly silent: boolean;
    /** It is another one than what is on disk here. */
    readonly differs: boolean;
  }[];
  /** Groups that run with values that are not in the file. */
  readonly edited: readonly string[];
}

/**
 * As the manual shows it. `no privilege`: it is known by how much the clock is off, and it may not be set. Beyond the manual, `not set`:
 * it is off, and is not set, as nobody asked for that (`--set-clock`) or for what `error` says.
 */
export type ShownNtpState = 'off' | 'trying' | 'synchronised' | 'no privilege' | 'not set';

export type ShownNtp = NtpStatus & { readonly shown: ShownNtpState };

/** `GET /api/v1/system` */
export interface SystemAnswer {
  readonly bus: Status['bus'];
  readonly now: string;
  /** Of the process that serves the console. */
  readonly ntp: ShownNtp;
  readonly processes: readonly (Omit<ProcessStatus, 'ntp'> & { readonly ntp: ShownNtp | null })[];
  /** Not all of one release. */
  readonly releasesDiffer: boolean;
  /** Groups by the process that owns them (router), or holds their link (connector). */
  readonly owners: readonly { readonly instance: string; readonly part: string; readonly groups: readonly string[] }[];
  /** Tabs that have a stream open. */
  readonly streams: number;
}
