import type { LinkParameters } from '@iec104mm2ss/iec104';

/** How an RTU behaves; PROTOCOL.md says which of it has been seen. */
export interface RtuHabits {
  /** Common addresses, the first is its own. */
  readonly cas: readonly number[];
  readonly link: LinkParameters;
  /** OA of its answers: the command's, always 0, always the same; `last` also writes the last one seen into all data. */
  readonly oa: 'mirror' | 'zero' | 'constant' | 'last';
  readonly actTerm: boolean;
  /** How long it takes to answer, ms, and from ACT_CON to ACT_TERM. */
  readonly answerMs: readonly [least: number, most: number];
  readonly executionMs: number;
  /** Events that were not acknowledged are sent again over the next connection. */
  readonly repeats: boolean;
  readonly tags: 'none' | 'valid' | 'constant' | 'invalid';
  /** Part of its events that look exactly alike. */
  readonly twins: number;
  readonly needsSelect: boolean;
  readonly selectMs: number;
  /** A second connection is refused, takes over from the first, or is one more. */
  readonly connections: 'refuses' | 'replaces' | 'several';
  /** It closes a connection that is not started within this time; undefined: never. */
  readonly startWithinMs: number | undefined;
  readonly endOfInitialization: boolean;
  readonly interrogationObjects: number;
  /** It refuses a second interrogation while one runs. */
  readonly oneInterrogation: boolean;
}
