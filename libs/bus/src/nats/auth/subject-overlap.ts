/** A subject or pattern, split: thousands of them are compared with each other. */
export type Tokens = readonly string[];

export const tokensOf = (pattern: string): Tokens => pattern.split('.');

/**
 * The subjects that two patterns have in common, as a pattern; undefined: none. `*` stands for one token, `>` for all the
 * others, at least one.
 */
export function overlapOf(one: Tokens, other: Tokens): string | undefined {
  for (let index = 0; ; index++) {
    const [left, right] = [one[index], other[index]];
    if (left === undefined || right === undefined) return left === right ? join(common(one, other, index)) : undefined;
    if (left === '>') return join(common(one, other, index), other.slice(index));
    if (right === '>') return join(common(one, other, index), one.slice(index));
    if (left !== right && left !== '*' && right !== '*') return undefined;
  }
}

/** Of the first tokens, each of which is the same in both, or `*` in one. */
const common = (one: Tokens, other: Tokens, count: number): Tokens =>
  one.slice(0, count).map((token, index) => (token === '*' ? (other[index] as string) : token));

const join = (head: Tokens, rest: Tokens = []): string => [...head, ...rest].join('.');
