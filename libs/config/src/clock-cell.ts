import type { AmbiguousMasters } from './named-masters.js';
import { nearestNames } from './nearest-name.js';
import { accepted, nearest, refused, type Parsed } from './parsed.js';
import type { NamedMaster } from './types.js';

/** The column `clock`: who may set the RTU's clock, C_CS_NA_1. */
export type ClockSetting =
  /** Every master, as far as its rights go. */
  | { readonly kind: 'forward' }
  /** The master with this name only. */
  | { readonly kind: 'master'; readonly name: string }
  /** Nobody: the multiplexer answers. */
  | { readonly kind: 'local' }
  /** Nobody: it is refused. */
  | { readonly kind: 'refuse' };

const WORDS = ['forward', 'local', 'refuse'] as const;

/** Reads the `clock` cell: `forward`, `local`, `refuse`, or a name of `masters`. */
export function parseClock(text: string, masters: readonly NamedMaster[]): Parsed<ClockSetting> {
  if (text === '') return accepted({ kind: 'forward' });
  const names = masters.map(({ name }) => name);
  const word = WORDS.find((each) => each === text.toLowerCase());
  const isWord = word !== undefined;
  if (isWord && names.some((name) => name.toLowerCase() === word)) {
    return refused(`${JSON.stringify(text)} could be the master of that name: give it another one in masters`);
  }
  if (isWord) return accepted({ kind: word });
  if (names.includes(text)) return accepted({ kind: 'master', name: text });
  const [like] = nearestNames(text, [...names, ...WORDS]);
  return refused(`${JSON.stringify(text)} is none of ${WORDS.join(', ')} and no name of masters${nearest(like)}`);
}

/** Why it is not certain who may set the clock; undefined: it is. */
export function clockProblem(setting: ClockSetting, ambiguous: readonly AmbiguousMasters[]): string | undefined {
  if (setting.kind !== 'master') return undefined;
  const reasons = ambiguous.filter(({ names }) => names.includes(setting.name)).map(({ reason }) => reason);
  return reasons.length === 0 ? undefined : `who may set the clock is not clear: ${reasons.join('; ')}`;
}

/** As people read it. */
export function clockText(setting: ClockSetting): string {
  switch (setting.kind) {
    case 'forward':
      return 'set by every master that may';
    case 'master':
      return `set by ${setting.name} only`;
    case 'local':
      return 'answered by the multiplexer, the RTU is not set';
    case 'refuse':
      return 'set by nobody';
  }
}
