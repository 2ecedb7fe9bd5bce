import type { Bus, Message } from '@iec104mm2ss/bus';
import type { TrafficItem } from '@iec104mm2ss/console-api';
import { type Clock, Timers } from '@iec104mm2ss/runtime';
import { isWanted, type TrafficFilter } from './traffic-filter.js';

/** Items are handed on together so often; more of them, and more looked at, than this at a time is left out and counted. */
const FLUSH_MS = 200;
const ITEMS = 100;
const LOOKED_AT = 500;

/**
 * The decoded feed of some groups, as far as a page can show it.
 *
 * @param onItems the JSON of each, and how many were left out besides
 * @returns ends it
 */
export function watchTraffic(
  bus: Pick<Bus, 'subscribe'>,
  clock: Clock,
  subjects: readonly string[],
  filter: TrafficFilter,
  onItems: (items: readonly string[], leftOut: number) => void,
): () => void {
  const timers = new Timers(clock);
  let items: string[] = [];
  let lookedAt = 0;
  let leftOut = 0;
  let isWaiting = false;
  const flush = (): void => {
    isWaiting = false;
    if (items.length > 0 || leftOut > 0) onItems(items, leftOut);
    items = [];
    lookedAt = leftOut = 0;
  };
  const take = ({ subject, data }: Message): void => {
    if (data.length === 0 || !hasType(subject, filter.types)) return;
    if (!isWaiting) {
      isWaiting = true;
      timers.after(FLUSH_MS, flush);
    }
    if (items.length >= ITEMS || lookedAt >= LOOKED_AT) {
      leftOut++;
      return;
    }
    const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8');
    lookedAt++;
    if (passes(text, filter)) items.push(text);
  };
  const subscriptions = subjects.map((subject) => bus.subscribe(subject, take));
  return () => {
    timers.stop();
    for (const subscription of subscriptions) subscription.unsubscribe();
  };
}

const hasType = (subject: string, types: readonly string[]): boolean =>
  types.length === 0 || types.includes(subject.slice(subject.lastIndexOf('.') + 1));

/** What is no JSON is nothing of ours. */
function passes(text: string, filter: TrafficFilter): boolean {
  try {
    return isWanted(JSON.parse(text) as TrafficItem, filter);
  } catch {
    return false;
  }
}
