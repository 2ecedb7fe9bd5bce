/** The decoded ASDUs that pass, as the server filters them. */
import type { StreamQuery, TrafficAsdu, TrafficItem, TrafficObject, UndecodableAsdu } from '@iec104mm2ss/console-api';
import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { looks, useStream } from '../../api/stream.js';

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
  /** For a while nobody watched: the page was hidden, or the stream was down. */
  readonly hasGap: boolean;
}

const NOTHING: Traffic = { items: [], leftOut: 0, dropped: 0, count: 0, hasGap: false };

/** @param paused what comes then is counted, and not shown */
export function useTraffic(
  query: StreamQuery,
  paused: () => boolean,
): { traffic: Traffic; missed: number; clear: () => void } {
  const traffic = useSignal(NOTHING);
  const missed = useSignal(0);
  const key = JSON.stringify(query);
  const wasLive = useRef(false);
  // What passed another filter is not shown among what passes this one.
  useEffect(() => {
    traffic.value = NOTHING;
    missed.value = 0;
    wasLive.current = false;
  }, [key]);
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
          hasGap: before.hasGap,
        };
      },
    },
    key,
  );
  // Behind that: what was live before was not so for this.
  useSignalEffect(() => {
    const { live } = looks.value;
    if (wasLive.current && !live) traffic.value = { ...traffic.peek(), hasGap: true };
    wasLive.current ||= live;
  });
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

/** `ioa 4001 value false`: what the object has, less the flags that are not set. */
export function objectText({ ioa, ...fields }: TrafficObject): string {
  const rest = Object.entries(fields).flatMap(([name, field]) =>
    name !== 'value' && isPlain(field)
      ? []
      : [name === 'time' ? `time ${timeText(field)}` : `${name} ${shortly(field)}`],
  );
  return [...(ioa === undefined ? [] : [`ioa ${ioa}`]), ...rest].join(' ');
}

/** Nothing to be remarked: a quality bit that is not set, no field. */
const isPlain = (field: unknown): boolean =>
  field === false ||
  field === null ||
  field === undefined ||
  (Array.isArray(field) && field.length === 0) ||
  (typeof field === 'object' && field !== null && Object.values(field).every(isPlain));

/** A time tag: the day of the week says nothing that the date does not. */
function timeText(time: unknown): string {
  if (typeof time !== 'object' || time === null) return shortly(time);
  const { iso, dayOfWeek: _, ...flags } = time as Record<string, unknown>;
  return `${shortly(iso)} ${shortly(flags)}`.trim();
}

/** Digits that a short float has. */
const FLOAT_DIGITS = 7;

function shortly(field: unknown): string {
  if (typeof field === 'string') return field;
  if (typeof field === 'number' && !Number.isInteger(field)) return String(Number(field.toPrecision(FLOAT_DIGITS)));
  if (Array.isArray(field)) return field.map(shortly).join(' ');
  if (typeof field === 'object' && field !== null) {
    return Object.entries(field)
      .flatMap(([name, part]) => (isPlain(part) ? [] : [part === true ? name : `${name} ${shortly(part)}`]))
      .join(' ');
  }
  return String(field);
}
