import type { Part } from './parts.module.js';

export const PRODUCT = 'iec104mm2ss';

/** Injection token of ProcessInfo. */
export const PROCESS = Symbol('PROCESS');

/** What this process is, as long as it runs. */
export interface ProcessInfo {
  readonly release: string;
  /** Parts that run in it. */
  readonly parts: readonly Part[];
  /** When it started: by the wall clock, and by `clock.now`. */
  readonly started: { readonly wallMs: number; readonly now: number };
}
