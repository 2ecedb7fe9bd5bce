/** `critical` wakes somebody, `warning` waits for the morning, `info` is to be seen and no more. */
export type Severity = 'critical' | 'warning' | 'info';

/** One condition of an alert. */
export interface Condition {
  readonly severity: Severity;
  /** The label `cause`: which condition of several it is. */
  readonly cause?: string;
  /** Holds so long before somebody hears of it: `2m`. */
  readonly for: string;
  readonly expr: string;
  /** One line, with the group in it. */
  readonly summary: string;
  /** Two or three sentences: what is so, and what it means for the masters. */
  readonly description: string;
}

/** An alert has a file and a page for the person on call; its conditions go the same way. */
export interface Alert {
  /** As Prometheus has it: `RtuDown`. */
  readonly alert: string;
  readonly conditions: readonly Condition[];
}

export interface Recording {
  /** `mm2ss:WHAT:HOW`. */
  readonly record: string;
  readonly expr: string;
}

/** `RtuDown`: `rtu-down`, the name of its file and of its page for the person on call. */
export const fileNameOf = (alert: string): string => alert.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();

/** The label of every alert by which routes and boards find those of this product. */
export const PRODUCT = 'mm2ss';

/** The group in the words of a summary. */
export const THE_GROUP = '{{ $labels.name }} (group {{ $labels.group }})';

/** Thresholds of single groups: a recording rule of the user, with the labels `alert` and `group`. */
export const THRESHOLD = 'mm2ss:threshold';

const ownThreshold = (alert: string): string => `max by (group) (${THRESHOLD}{alert="${alert}"})`;

/** `expr` above `usual`, or for a group that has a threshold of its own above that. */
export function above(alert: string, expr: string, usual: number): string {
  return [
    `(\n  ${indented(expr)}\n) > on (group) group_left () ${ownThreshold(alert)}`,
    `or\n(\n  ${indented(expr)}\nunless on (group) ${ownThreshold(alert)}\n) > ${usual}`,
  ].join('\n');
}

/** Only where a group has no threshold of its own. */
export const withoutOwn = (alert: string, expr: string): string => `${expr}\nunless on (group) ${ownThreshold(alert)}`;

/** Only where a group has a threshold of its own, which `seconds` is above or does not exist for. */
export const longerThanOwn = (alert: string, expr: string, seconds: (of: string) => string): string =>
  `${expr}\nand on (group) ${ownThreshold(alert)}\nunless on (job, group) (\n  ${indented(
    seconds(ownThreshold(alert)),
  )} <= on (group) group_left () ${ownThreshold(alert)}\n)`;

export const indented = (text: string): string => text.replaceAll('\n', '\n  ');
