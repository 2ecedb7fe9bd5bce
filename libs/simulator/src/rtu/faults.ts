/**
 * What an RTU does wrong, or otherwise than most: habits of stations in the field, and faults that tests ask for. All of it
 * may change while the RTU runs.
 */
export interface RtuFaults {
  /** Answers, ACT_TERM and interrogated objects included, come so much later. */
  readonly delayMs: number;
  /** Type IDs of requests that are not answered. */
  readonly ignoreTypes: readonly number[];
  /** Type IDs of requests that are refused: ACT_CON with P/N = 1. */
  readonly refuseTypes: readonly number[];
  /** Nothing received is acknowledged. */
  readonly stallAcknowledgement: boolean;
  /** Nothing is read and nothing is written, on connections that stay open: as behind a line that was cut. */
  readonly halfOpen: boolean;
  /** Connections break this often; 0: they do not. */
  readonly flapMs: number;
  readonly noActCon: boolean;
  readonly noActTerm: boolean;
  /** OA of answers: that of the request, 0, or (spontaneous data, too) the one seen last. */
  readonly oa: 'mirror' | 'zero' | 'last';
  /** CP56Time2a has IV set. */
  readonly invalidTime: boolean;
  /** COT of what an interrogation brings, instead of 20..36; 37 is known from the field. 0: as the standard has it. */
  readonly interrogationCause: number;
  /** A broadcast interrogation is answered with CA 65535 instead of the RTU's own. */
  readonly echoBroadcast: boolean;
}

/** What is to change; undefined stays as it is. */
export type FaultChanges = { readonly [Name in keyof RtuFaults]?: RtuFaults[Name] | undefined };

export const NO_FAULTS: RtuFaults = {
  delayMs: 0,
  ignoreTypes: [],
  refuseTypes: [],
  stallAcknowledgement: false,
  halfOpen: false,
  flapMs: 0,
  noActCon: false,
  noActTerm: false,
  oa: 'mirror',
  invalidTime: false,
  interrogationCause: 0,
  echoBroadcast: false,
};

/** The faults after a change. */
export function changedFaults(before: RtuFaults, changes: FaultChanges): RtuFaults {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...before, ...(Object.fromEntries(given) as Partial<RtuFaults>) };
}
