import { AsduView } from '@iec104mm2ss/iec104';
import type { RawApdu, RawEnd } from './raw-end.js';

/** How long is waited for what must not come. */
export const QUIET_MS = 500;

/** A behaviour of the standard. @template Under what has to be known of the end under test */
export interface Check<Under> {
  readonly clause: string;
  readonly title: string;
  /** False: it cannot be checked with what is known. */
  readonly applies?: (under: Under) => boolean;
  /** On a connection of its own. Resolves to what is wrong, undefined when nothing is; rejects with NotChecked. */
  run(end: RawEnd, under: Under): Promise<string | undefined>;
}

/** The other end did not do what there is something to check about. */
export class NotChecked extends Error {
  override readonly name = 'NotChecked';
}

export const isU =
  (control: number) =>
  (apdu: RawApdu): boolean =>
    apdu.format === 'U' && apdu.control === control;

export const isAsdu =
  (typeId: number, cot: number) =>
  ({ format, asdu }: RawApdu): boolean =>
    format === 'I' && asdu[0] === typeId && new AsduView(asdu).cot === cot;
