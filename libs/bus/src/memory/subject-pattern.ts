/** Subjects are tokens with dots between them; in a pattern `*` is any token, and `>` at its end all that follow. */
export function isPattern(subject: string): boolean {
  return subject.includes('*') || subject.endsWith('>');
}

/** Whether a subject matches a pattern, which is given as tokens. */
export function matches(pattern: readonly string[], subject: string): boolean {
  return overlap(pattern, subject.split('.'));
}

/** True when some subject matches both patterns. */
export function overlap(a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; ; i++) {
    if (a[i] === '>') return b.length > i;
    if (b[i] === '>') return a.length > i;
    if (i >= a.length || i >= b.length) return a.length === b.length;
    if (a[i] !== '*' && b[i] !== '*' && a[i] !== b[i]) return false;
  }
}
