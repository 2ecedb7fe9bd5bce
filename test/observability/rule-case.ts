/** What Prometheus is given, and when which alert has to be firing: one story of one alert. */
export interface RuleCase {
  readonly alert: string;
  readonly title: string;
  /** Series with what they are each minute, as promtool writes it: `1x5 0x10`. */
  readonly series: readonly (readonly [series: string, values: string])[];
  /** Labels of the alerts that are firing at a minute, `group="1"`; those beside `job`, `name` and what all alerts have. */
  readonly firing: Readonly<Record<number, readonly string[]>>;
}

/** Labels of the targets of a system, and of the group that most stories are about. */
export const CONNECTOR = { job: 'mm2ss', instance: 'connector' } as const;
export const ROUTER = { job: 'mm2ss', instance: 'router' } as const;
export const GATEWAY = { job: 'mm2ss', instance: 'gateway' } as const;
export const ONE = { group: '1', name: 'RTU-1' } as const;
export const TWO = { group: '2', name: 'RTU-2' } as const;

export const RTU_UP = [`mm2ss_rtu_up{job="mm2ss", instance="connector", group="1", name="RTU-1"}`, '1x60'] as const;

/** A threshold of the user's own for group 1. */
export const ownThreshold = (alert: string, value: number): readonly [string, string] => [
  `mm2ss:threshold{alert="${alert}", group="1"}`,
  `${value}x60`,
];

/** Buckets of a histogram that grow so much a minute: the first is for the shortest times. */
export function bucketSeries(
  series: (le: string) => string,
  perMinute: Readonly<Record<string, string>>,
): (readonly [string, string])[] {
  return Object.entries(perMinute).map(([le, values]) => [series(le), values]);
}
