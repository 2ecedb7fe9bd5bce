import { nearestNames } from './nearest-name.js';
import { accepted, nearest, refused, splitList, type Parsed } from './parsed.js';

/** The column `observe`: when only `monitor` passes. */
export interface ObserveSetting {
  /** `Y`: for as long as the file says so. */
  readonly always: boolean;
  /** It begins when the RTU's link was lost so often within this time, ms; null: that does not matter. */
  readonly link: { readonly losses: number; readonly withinMs: number } | null;
  /** It begins when the parts of the group cannot hear each other. */
  readonly bus: boolean;
  /** It begins when the clock of the router's host is not synchronised. */
  readonly clock: boolean;
  /** What began by a condition ends when nothing of it was seen for so long, ms; null: only when somebody ends it. */
  readonly releaseMs: number | null;
}

export const NO_OBSERVE: ObserveSetting = { always: false, link: null, bus: false, clock: false, releaseMs: null };

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 };
const LINK = /^link\s*:\s*(\d{1,3})\s*\/\s*(\d{0,4})\s*(s|min|h)$/i;
const RELEASE = /^release\s*:\s*(\d{1,5})\s*(?:min)?$/i;
const FORMS = ['N', 'Y', 'link:3/min', 'bus', 'clock', 'release:15'];

/** True for what only a list of conditions has in it: a cell of no other column looks like it. */
export function isObserveCondition(text: string): boolean {
  return LINK.test(text) || RELEASE.test(text) || /^bus$/i.test(text);
}

/** Reads the `observe` cell: `N`, `Y`, or conditions such as `link:3/min+bus,release:15`, with any of `+`, `;` and `,`. */
export function parseObserve(text: string): Parsed<ObserveSetting> {
  if (text === '' || /^n$/i.test(text)) return accepted(NO_OBSERVE);
  if (/^y$/i.test(text)) return accepted({ ...NO_OBSERVE, always: true });
  const items = splitList(text.replace(/[+,]/g, ';'), ';');
  let setting = NO_OBSERVE;
  for (const item of items) {
    const next = withCondition(setting, item);
    if (!next.ok) return next;
    setting = next.value;
  }
  const { link, bus, clock } = setting;
  if (link === null && !bus && !clock) {
    return refused(`${JSON.stringify(text)} has no condition${nearest(`link:3/min,${items[0] ?? 'release:15'}`)}`);
  }
  return accepted(setting);
}

function withCondition(setting: ObserveSetting, item: string): Parsed<ObserveSetting> {
  if (/^bus$/i.test(item)) return accepted({ ...setting, bus: true });
  if (/^clock$/i.test(item)) return accepted({ ...setting, clock: true });
  const [, losses, count, unit = ''] = LINK.exec(item) ?? [];
  if (losses !== undefined) {
    if (setting.link !== null) return refused('"link" is given twice');
    const withinMs = Number(count === '' ? 1 : count) * (UNITS_MS[unit.toLowerCase()] as number);
    if (Number(losses) === 0 || withinMs === 0) return refused(`${JSON.stringify(item)} would always hold`);
    return accepted({ ...setting, link: { losses: Number(losses), withinMs } });
  }
  const minutes = RELEASE.exec(item)?.[1];
  if (minutes !== undefined) {
    if (setting.releaseMs !== null) return refused('"release" is given twice');
    if (Number(minutes) === 0) return refused('"release:0" would end it at once');
    return accepted({ ...setting, releaseMs: Number(minutes) * 60_000 });
  }
  return refused(`${JSON.stringify(item)} is none of ${FORMS.join(', ')}${nearest(nearestCondition(item))}`);
}

/** A word that is nearly one, and a number of losses without a time. */
function nearestCondition(item: string): string | undefined {
  const losses = /^link\D*(\d+)/i.exec(item)?.[1];
  if (losses !== undefined) return `link:${losses}/min`;
  const [like] = nearestNames(item.replace(/\W.*/s, ''), ['link', 'bus', 'clock', 'release']);
  if (like === undefined) return undefined;
  return FORMS.find((form) => form.startsWith(like));
}

/** As people read it. */
export function observeText({ always, link, bus, clock, releaseMs }: ObserveSetting): string {
  if (always) return 'always';
  const conditions = [
    ...(link === null ? [] : [`the RTU's link is lost ${link.losses} times in ${link.withinMs / 1_000} s`]),
    ...(bus ? ['the bus fails'] : []),
    ...(clock ? ['the clock is not synchronised'] : []),
  ];
  if (conditions.length === 0) return 'never by itself';
  const release =
    releaseMs === null ? 'until it is switched off' : `until ${releaseMs / 60_000} quiet minutes have passed`;
  return `when ${conditions.join(', or ')}; ${release}`;
}
