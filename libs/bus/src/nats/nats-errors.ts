import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { BusError, type BusErrorCode } from '../bus.js';
import type { Failure } from './nats-connect.js';

/** "Wrong last sequence" of a single server, and of a cluster in which two wrote at once. */
const WRONG_LAST_SEQUENCE: readonly (number | undefined)[] = [10071, 10164];
const NO_REPLICAS_WITHOUT_CLUSTER = 10074;
const NOT_FOUND = 404;
const NO_JETSTREAM =
  'the server has no JetStream for this process (is it started with -js? is what mm2ss nats-auth writes of this release? has it read that twice, where this user is new?)';

/** What went wrong, as the bus says it. `what` was asked for. */
export function busError(what: string, error: unknown): BusError {
  if (error instanceof BusError) return error;
  const chain = causes(error);
  const message = chain[0] instanceof Error ? chain[0].message : String(error);
  return new BusError(codeOf(chain), `${what}: ${message}`, { cause: error });
}

function codeOf(chain: readonly unknown[]): BusErrorCode {
  if (has(chain, errors.TimeoutError)) return 'TIMEOUT';
  if (has(chain, errors.ClosedConnectionError) || has(chain, errors.DrainingConnectionError)) return 'CLOSED';
  const api = chain.find((each) => each instanceof JetStreamApiError);
  if (api !== undefined && WRONG_LAST_SEQUENCE.includes(api.code)) return 'CONFLICT';
  return 'UNAVAILABLE';
}

/** The stream or bucket does not exist. */
export function isNotFound(error: unknown): boolean {
  return causes(error).some((each) => {
    const { code, status } = each as { code?: unknown; status?: unknown };
    return code === NOT_FOUND || status === NOT_FOUND;
  });
}

/** Why a bucket could not be made sure of, and whether waiting may help. */
export function storageFailure(error: unknown): Failure {
  const chain = causes(error);
  if (chain.some((each) => each instanceof JetStreamApiError && each.code === NO_REPLICAS_WITHOUT_CLUSTER)) {
    return { reason: '3 replicas need a cluster of 3 servers, and this server is alone', kind: 'wrong' };
  }
  if (has(chain, errors.TimeoutError)) {
    const reason = 'JetStream does not answer: a cluster needs a majority of its servers and a leader';
    return { reason, kind: 'away' };
  }
  const off =
    has(chain, errors.NoRespondersError) || chain.some((each) => (each as Error).name === 'JetStreamNotEnabled');
  return {
    reason: off ? NO_JETSTREAM : (error as Error).message,
    kind: off ? 'refused' : 'away',
  };
}

/** An error and what caused it. */
function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let each = error; each instanceof Error && chain.length < 10; each = each.cause) chain.push(each);
  return chain;
}

function has(chain: readonly unknown[], kind: abstract new (...parameters: never[]) => Error): boolean {
  return chain.some((each) => each instanceof kind);
}
