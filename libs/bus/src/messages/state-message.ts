import { asBuffer } from './log-record.js';

/** State of a group's RTU link, published by its connector on every change and every few seconds (JSON: it is rare). */
export type RtuState = 'disconnected' | 'connecting' | 'connected' | 'starting' | 'started' | 'stopping';

export interface StateMessage {
  readonly group: string;
  readonly connector: string;
  readonly state: RtuState;
  /** Counts the RTU connections. */
  readonly epoch: number;
  /** `host:port` in use, and the RTU's IP address; null while there is none. */
  readonly endpoint: string | null;
  readonly address: string | null;
  /** Since when, ms since 1970-01-01 UTC. */
  readonly since: number;
  /** Why the state was entered. */
  readonly reason: string;
  readonly connects: number;
  /** Position the log continues with. */
  readonly next: number;
}

/** Who owns a group's rules, published by the router at least every second (JSON). */
export interface OwnerMessage {
  readonly group: string;
  readonly owner: string;
  readonly fence: number;
  /** Counts the times this owner may have missed messages: gateways then tell it about their sessions again. */
  readonly generation: number;
}

/** True while masters may be connected. */
export function rtuLinkUp(state: RtuState): boolean {
  return state !== 'disconnected' && state !== 'connecting';
}

/** The link as `/status` shows it. */
export function rtuStatus({ state, endpoint, since, epoch, connects, reason }: StateMessage) {
  const lastError = rtuLinkUp(state) ? {} : { lastError: reason };
  return { state, endpoint, since: new Date(since).toISOString(), linkEpoch: epoch, connects, ...lastError };
}

export function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Parses a JSON message of ours; undefined when it is none. */
export function decodeJson<T>(data: Uint8Array): T | undefined {
  try {
    return JSON.parse(asBuffer(data).toString('utf8')) as T;
  } catch {
    return undefined;
  }
}
