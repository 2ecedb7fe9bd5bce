/** Whether the console serves who uses this page: not without the right password, nor after too many wrong ones. */
import { signal } from '@preact/signals';

export interface Denial {
  /** What the server said, and what can be done. */
  readonly reason: string;
  /** When it is worth another try, ms on this machine's clock; Infinity: not before the page is loaded anew. */
  readonly againAt: number;
}

/** Undefined: it does, as far as is known. Nothing is asked by itself meanwhile: each wrong password counts as a guess. */
export const denial = signal<Denial | undefined>(undefined);

let asksWho = (): void => undefined;
/** @param callback asks anew who uses the page */
export function whenDoubted(callback: () => void): void {
  asksWho = callback;
}
/** An answer was refused, or the stream refused or ended by the server: who uses the page may be nobody any more, or have another role. */
export const doubt = (): void => asksWho();

const MS = 1_000;
/** Where the server does not say how long. */
const RETRY_S = 10;

/** What an answer to the question who asks means; undefined: it says nothing about that, as a server that is away. */
export function denialOf(
  status: number,
  message: string,
  retryAfterS: number | undefined,
  now: number,
): Denial | undefined {
  switch (status) {
    case 401:
      return { reason: `Not logged in: ${message}. Load the page anew to log in.`, againAt: Infinity };
    case 403:
      return { reason: `No access: ${message}.`, againAt: Infinity };
    case 429: {
      const seconds = retryAfterS ?? RETRY_S;
      return {
        reason: `No access for now: ${message}. It is asked again in ${seconds} s.`,
        againAt: now + seconds * MS,
      };
    }
    default:
      return undefined;
  }
}
