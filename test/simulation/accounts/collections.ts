/** Sizes of the Maps, Sets and arrays that an object holds, directly or not, by the way to them. */
export type Sizes = ReadonlyMap<string, number>;

/** Objects looked at: enough for a process, and an end for what is larger than expected. */
const MOST_OBJECTS = 200_000;

/** What is not the product's: the world around it, the configuration, the registry of metrics. */
const FOREIGN: ReadonlySet<string> = new Set([
  'SimProcess',
  'SimRuntime',
  'SimBroker',
  'SimPublisher',
  'SimSocket',
  'SimListener',
  'Registry',
  'Promise',
]);

/** Walks over everything reachable from `roots`; elements of one collection share one name. */
export function sizesOf(roots: Readonly<Record<string, object>>): Sizes {
  const sizes = new Map<string, number>();
  const seen = new Set<object>();
  const queue: { readonly value: object; readonly path: string }[] = Object.entries(roots).map(([path, value]) => ({
    value,
    path,
  }));
  for (let next = queue.shift(); next !== undefined && seen.size < MOST_OBJECTS; next = queue.shift()) {
    const { value, path } = next;
    if (seen.has(value) || ArrayBuffer.isView(value) || FOREIGN.has(value.constructor?.name)) continue;
    seen.add(value);
    const follow = (child: unknown, name: string): void => {
      if (typeof child === 'object' && child !== null) queue.push({ value: child, path: name });
    };
    if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
      const count = Array.isArray(value) ? value.length : value.size;
      sizes.set(path, (sizes.get(path) ?? 0) + count);
      for (const child of value.values()) follow(child, `${path}[]`);
    } else for (const [name, child] of Object.entries(value)) follow(child, `${path}.${name}`);
  }
  return sizes;
}

/** What may be there although nobody is: rings with a bound of their own, and what is known of the RTU and of names. */
const BOUNDED = [
  'reading.stored',
  'sent.remembered',
  'taken.numbers',
  'recent.records',
  'drops.counts',
  'places.cuts',
  'habits.oa.lastSent',
  'habits.oa.returned',
  'habits.terminatedObjects',
  'habits.terminating',
  'habits.unconfirmed',
  'habits.altered',
  'habits.silent',
  'habits.confirmedAt',
  'habits.answering',
  'habits.stations',
  'habits.stations[]',
  'answers.ranges',
  'answers.ranges[].participants',
  'asked.ranges',
  'asked.ranges[].participants',
  'legacy.addresses',
  'legacy.habits.terminating',
  'legacy.habits.terminating[]',
  'legacy.habits.unconfirmed',
  'legacy.habits.alters',
  'legacy.habits.alters[]',
  'stored.sequences',
  'journals[].lanes',
  // In one process the log and the journal are in memory.
  'logs[].records',
  'logs[].ends',
  'journals[].entries',
  'journals[].ids',
  'losses.byMaster',
  'losses.times',
  // Distributions: as many counters as there are bounds, for each group served.
  'figures.tests.counts',
  'figures.acknowledgements.counts',
  'records.durations.durations',
  'records.durations.durations[].counts',
  'totals.byName',
  // How old is what named masters have not got, who are away.
  'delivery.times.positions',
  'delivery.times.times',
  // Sessions of the router before: at most as many as there are OAs.
  'owners.before',
  'ordinals.pieces',
  'ordinals.segments',
  'addresses.free',
  // Where connections came from, up to a bound; and lists that keep some room.
  'connections.sources.buckets',
  'dirty.items',
  'pending.items',
  'sentTimes.numbers',
  'sentTimes.times',
  'receivedTimes.numbers',
  'receivedTimes.times',
  // One more for each group served; those left at the end are counted elsewhere.
  'router.subscriptions',
];
/** A few more or less mean nothing: which process serves what has changed. */
const ALLOWED_MORE = 2;
/** How much the processes together have asked of the world: some of them may not have served anything at first. */
const TOGETHER = ['clock.timers', 'broker.subscriptions', 'network.sockets'];

/** Collections that have grown since `before` and should not have. */
export function grown(before: Sizes, after: Sizes): string[] {
  const found: string[] = [];
  for (const [path, size] of after) {
    const was = before.get(path) ?? 0;
    const most = TOGETHER.includes(path) ? 3 * was + 3 * ALLOWED_MORE : was + ALLOWED_MORE;
    if (size > most && !BOUNDED.some((end) => path.endsWith(end))) found.push(`${path} has ${size}, had ${was}`);
  }
  return found;
}
