/** The API of `mm2ss simulate rtus` as far as its page uses it; `/openapi.json` there has all of it. */

/** `GET /rtus`, `/rtus/{id}`: the line of the old program's window, and what the RTU counted. */
export interface SimulatedRtu {
  readonly id: string;
  readonly name: string;
  /** Common address. */
  readonly rtuNumber: number;
  readonly host: string;
  readonly port: number;
  /** False: it is off the network. */
  readonly listening: boolean;
  /** A master has started data transfer. */
  readonly online: boolean;
  readonly masters: readonly { readonly peer: string; readonly started: boolean }[];
  readonly startedAt: string | null;
  /** A general interrogation is being answered. */
  readonly interrogating: boolean;
  readonly sending: boolean;
  /** Index that was sent last, in words where it is not over, or was not sent whole; empty: none. */
  readonly lastIndex: string;
  readonly points: number;
  readonly rows: number;
  /** Events that wait for a master. */
  readonly pending: number;
  readonly sent: number;
}

/** `GET /runs/{run}`: what became of an index that was sent. */
export interface SimulatedRun {
  readonly index: number;
  readonly ended: boolean;
  readonly stations: readonly {
    readonly id: string;
    readonly result: string;
    readonly sent: number;
    readonly leftOut: number;
  }[];
}

/** `GET /rtus/{id}/log?after=N`: what a log had last. */
export interface SimulatorLog {
  readonly lines: readonly SimulatorLogLine[];
}

export interface SimulatorLogLine {
  /** The objects of one ASDU have the same. */
  readonly seq: number;
  readonly timeMs: number;
  readonly event: string;
  readonly type?: string;
  readonly ioa?: number;
  readonly value?: string;
  readonly quality?: string;
  readonly cause?: string;
  /** CP56Time2a of the object. */
  readonly tag?: string;
  readonly peer?: string;
  readonly comment?: string;
}
