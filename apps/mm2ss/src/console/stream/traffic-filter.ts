import type { RefusedLook, TrafficItem } from '@iec104mm2ss/console-api';
import { UsageError } from '../../commands/errors.js';
import { parseCa, parseCause, parseIoa, parseTypes } from '../../commands/filter-flags.js';

/** What of the decoded feed somebody wants to see; an empty list asks for nothing in particular. */
export interface TrafficFilter {
  readonly types: readonly string[];
  readonly cas: readonly number[];
  readonly ioas: readonly number[];
  readonly causes: readonly string[];
  readonly direction: TrafficItem['direction'] | undefined;
}

type Query = Readonly<Record<string, string>>;

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');

/** @returns also what of the query cannot be understood; the filter is without it then */
export function trafficFilter(query: Query): { readonly filter: TrafficFilter; readonly faults: RefusedLook[] } {
  const faults: RefusedLook[] = [];
  const each = <T>(name: string, parse: (name: string, text: string) => T): T[] =>
    list(query[name]).flatMap((text) => {
      try {
        return [parse(name, text)];
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        faults.push({ name, reason: error.message });
        return [];
      }
    });
  const filter = {
    types: each('type', (name, text) => parseTypes(name, [text])).flat(),
    cas: each('ca', parseCa),
    ioas: each('ioa', parseIoa),
    causes: each('cause', parseCause),
    direction: each('direction', parseDirection)[0],
  };
  return { filter, faults };
}

function parseDirection(name: string, text: string): TrafficItem['direction'] {
  if (text === 'monitor' || text === 'control') return text;
  throw new UsageError(`${name} ${text}: monitor or control`);
}

export function isWanted({ asdu, direction }: TrafficItem, filter: TrafficFilter): boolean {
  if (filter.direction !== undefined && filter.direction !== direction) return false;
  if ('undecodable' in asdu) return filter.cas.length + filter.ioas.length + filter.causes.length === 0;
  return (
    has(filter.cas, asdu.ca) &&
    has(filter.causes, asdu.cause) &&
    (filter.ioas.length === 0 || asdu.objects.some(({ ioa }) => ioa !== undefined && filter.ioas.includes(ioa)))
  );
}

const has = <T>(wanted: readonly T[], value: T): boolean => wanted.length === 0 || wanted.includes(value);
