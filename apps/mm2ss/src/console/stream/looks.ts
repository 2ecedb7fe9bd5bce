import type { RefusedLook } from '@iec104mm2ss/console-api';
import { NO_GROUP } from '@iec104mm2ss/observability';
import { type TrafficFilter, trafficFilter } from './traffic-filter.js';

/** What one tab may look at besides the list. */
const MAX_GROUPS = 4;
const MAX_LOGS = 2;

/** What a stream may be asked for, see StreamQuery. */
export const STREAM_QUERY = [
  ...['groups', 'logs', 'traffic', 'type', 'ca', 'ioa', 'cause', 'direction', 'commands', 'changes'],
  ...['overview', 'last'],
] as const;

type Query = Readonly<Record<string, string>>;

/** What a tab looks at. */
export interface Looks {
  readonly groups: readonly string[];
  readonly logs: readonly string[];
  /** Empty, too, where the filter cannot be understood: all of the traffic is not what was asked for. */
  readonly traffic: readonly string[];
  readonly filter: TrafficFilter;
  readonly commands: readonly string[];
  readonly changes: boolean;
  readonly overview: boolean;
  readonly last: string | undefined;
  readonly refused: readonly RefusedLook[];
}

/**
 * Reads what a tab asks for. What cannot be understood is left out and told in the stream: EventSource shows no status, so to a
 * page a refused stream is a server that does not answer.
 */
export function looksOf(query: Query): Looks {
  const refused: RefusedLook[] = [];
  const refuse = (name: string, reason: string): void => void refused.push({ name, reason });
  const ids = (name: string, max: number, wild = false): string[] => {
    const all = (query[name] ?? '').split(',').filter((id) => id !== '');
    if (all.length > max) refuse(name, `${max} groups at most`);
    else {
      const wrong = all.find((id) => !/^\d+$/.test(id) && !(wild && id === NO_GROUP));
      if (wrong === undefined) return all;
      refuse(name, `there is no group ${wrong}`);
    }
    return [];
  };
  for (const name of Object.keys(query)) {
    if (!(STREAM_QUERY as readonly string[]).includes(name)) refuse(name, 'there is no such parameter');
  }
  const { filter, faults } = trafficFilter(query);
  refused.push(...faults);
  return {
    groups: ids('groups', MAX_GROUPS),
    logs: ids('logs', MAX_LOGS, true),
    traffic: faults.length > 0 ? [] : ids('traffic', MAX_GROUPS, true),
    filter,
    commands: ids('commands', MAX_GROUPS, true),
    changes: query['changes'] === '1',
    overview: query['overview'] !== '0',
    last: query['last'],
    refused,
  };
}
