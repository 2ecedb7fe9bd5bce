import type { LogFields } from './log-fields.js';

/** What of a log line decides whether it is one too many. */
export interface PeerLine {
  /** Group id; empty: the line belongs to none. */
  readonly group: string;
  /** Who caused it, see `sourceOf`; empty: the group as a whole. */
  readonly source: string;
  /** What it says, without what differs from line to line. */
  readonly kind: string;
  /** It tells of something wrong: once is enough. Others tell what happened, one by one as long as they are few. */
  readonly serious: boolean;
  /** Id of the security event that it is, if it is one. */
  readonly eventId?: string | undefined;
}

/** Where the text of a message begins to differ from line to line: `master refused: ...`, `events lost for 10.1.1.5`. */
const VARIABLE_PART = /[:\d]/;
/** A reason that is a stable word, not a sentence. */
const CODE = /^\w{1,32}$/;

/** The kind of a line, as people read it when such lines are left out: `master refused (filter)`. */
export function kindOf(message: string, { reason, type, cot }: LogFields): string {
  const end = message.search(VARIABLE_PART);
  let kind = (end < 0 ? message : message.slice(0, end)).trimEnd();
  if (typeof reason === 'string' && CODE.test(reason)) kind += ` (${reason})`;
  if (type !== undefined) kind += `, ${type}`;
  if (cot !== undefined) kind += `, cause ${cot}`;
  return kind;
}

/**
 * Who stands behind `address:port`: the address, however many ports it uses; of IPv6 the /64, for that is what one host
 * can have all to itself.
 */
export function sourceOf(peer: string): string {
  const [, bracketed] = /^\[([^\]%]*)[^\]]*\]/.exec(peer) ?? [];
  if (bracketed === undefined) return peer.replace(/:\d+$/, '');
  return `${networkOf(bracketed)}::/64`;
}

/** The first four groups of an IPv6 address. */
function networkOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length + (tail.includes('.') ? 1 : 0);
    while (groups.length + after < 8) groups.push('0');
    if (tail !== '') groups.push(...tail.split(':'));
  }
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
