import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Role } from '@iec104mm2ss/console-api';
import type { ApiRequest, Route } from '../../api/route.js';
import type { Caller } from '../access/index.js';

export interface ConsoleRequest extends ApiRequest {
  readonly caller: Caller;
  /** Who asks, from where, for logs. */
  readonly by: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** One operation of the console's API. */
export interface ConsoleRoute extends Route<ConsoleRequest> {
  /** Least role. */
  readonly role: Role;
  /** It judges the query itself. */
  readonly takesAnyQuery?: boolean;
}

/** An answer that is no JSON. */
export class TextAnswer {
  /** @param fileName for a download */
  constructor(
    readonly type: string,
    readonly text: string,
    readonly fileName?: string,
  ) {}
}

/** An answer with another status than 200. */
export class StatusAnswer {
  constructor(
    readonly status: number,
    readonly body: unknown,
  ) {}
}

/** The route answers by itself, when it likes. */
export const ANSWERED = Symbol('ANSWERED');
