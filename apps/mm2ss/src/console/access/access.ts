import type { IncomingMessage } from 'node:http';
import type { AuthMode, Role } from '@iec104mm2ss/console-api';

/** Who asks. */
export interface Caller {
  /** Null where nobody has a name. */
  readonly user: string | null;
  readonly role: Role;
}

/** Why somebody is not let in: 401 asks for a password, 403 and 429 do not. */
export interface Refusal {
  readonly status: 401 | 403 | 429 | 503;
  /** Stable word for the log; undefined: a browser that has not been asked yet is nothing to tell. */
  readonly reason: string | undefined;
  readonly message: string;
  /** When it is worth another try. */
  readonly retryAfterS?: number;
}

export interface Access {
  readonly mode: AuthMode;
  callerOf(request: IncomingMessage): Caller | Refusal | Promise<Caller | Refusal>;
  /** Whether a caller of before would be let in now, with the same role. Where each request says who asks it is not known: true. */
  isStill(caller: Caller): boolean;
}

export const isRefusal = (outcome: Caller | Refusal): outcome is Refusal => 'status' in outcome;
