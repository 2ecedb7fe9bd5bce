import type { Scenario } from '../scenario/scenario.ts';

export interface Patch {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Defect {
  readonly id: string;
  /** What was wrong; the number is the one of issue 9. */
  readonly title: string;
  readonly patches: readonly Patch[];
  /** Accounts that must find it, see accounts/violations.ts. */
  readonly rules: readonly string[];
  /** A story of its own finds it, see stories.ts; none: some seed does. */
  readonly story?: string;
  /** Stories in which it can show at all. */
  readonly only?: (scenario: Scenario) => boolean;
}

export const DEFECTS: readonly Defect[];
/** With a slash at its end. */
export const ROOT: string;
export function defectOf(id: string): Defect;
/** The text of a file with the patches for it. Throws when the place of one is not there exactly once. */
export function apply(patches: readonly Patch[], file: string, text: string): string;
/** As `apply`, with the patches of the defect that SIM_DEFECT names. */
export function patched(fileName: string, text: string): string;
