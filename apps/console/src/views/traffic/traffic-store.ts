/** The decoded ASDUs that pass, as the server filters them. */
import type { StreamQuery, TrafficAsdu, TrafficItem, TrafficObject, UndecodableAsdu } from '@iec104mm2ss/console-api';
import { useSignal } from '@preact/signals';
import { useStream } from '../../api/stream.js';

/** Older ones are dropped: whoever wants all uses `mm2ss watch`. */
export const MOST_ITEMS = 300;

export interface Numbered {
  readonly number: number;
  readonly item: TrafficItem;
}

export interface Traffic {
  /** Newest first. */
  readonly items: readonly Numbered[];
  /** Told by the server: they came too fast. */
  readonly leftOut: number;
  /** Dropped here, as too many were newer. */
  readonly dropped: number;
  /** Of all that came. */
  readonly count: number;
}

const NOTHING: Traffic = { items: [], leftOut: 0, dropped: 0, count: 0 };

/** @param paused what comes then is counted, and not shown */
export function useTraffic(
  query: StreamQuery,
  paused: () => boolean,
): { traffic: Traffic; missed: number; clear: () => void } {
  const traffic = useSignal(NOTHING);
  const missed = useSignal(0);
  const key = JSON.stringify(query);
  useStream(
    query,
    {
      traffic: ({ items, leftOut }) => {
        if (paused()) {
          missed.value += items.length + leftOut;
          return;
        }
        const before = traffic.peek();
        const added = items.map((item, index) => ({ number: before.count + index, item })).reverse();
        const all = [...added, ...before.items];
        traffic.value = {
          items: all.slice(0, MOST_ITEMS),
          leftOut: before.leftOut + leftOut,
          dropped: before.dropped + Math.max(0, all.length - MOST_ITEMS),
          count: before.count + items.length,
        };
      },
    },
    key,
  );
  return {
    traffic: traffic.value,
    missed: missed.value,
    clear: () => {
      traffic.value = { ...NOTHING, count: traffic.peek().count };
      missed.value = 0;
    },
  };
}

export const isDecoded = (asdu: TrafficAsdu | UndecodableAsdu): asdu is TrafficAsdu => !('undecodable' in asdu);

/** `ioa 4001 value 1`: what the object has, less what says nothing. */
export function objectText({ ioa, ...fields }: TrafficObject): string {
  const rest = Object.entries(fields).flatMap(([name, value]) => (isPlain(value) ? [] : [`${name} ${shortly(value)}`]));
  return [...(ioa === undefined ? [] : [`ioa ${ioa}`]), ...rest].join(' ');
}

/** Nothing to be remarked: a quality bit that is not set, no field. */
const isPlain = (value: unknown): boolean =>
  value === false ||
  value === null ||
  value === undefined ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && value !== null && Object.values(value).every(isPlain));

function shortly(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(shortly).join(' ');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .flatMap(([name, part]) => (isPlain(part) ? [] : [part === true ? name : `${name} ${shortly(part)}`]))
      .join(' ');
  }
  return String(value);
}
