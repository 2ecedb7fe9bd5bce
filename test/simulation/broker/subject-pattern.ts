/** True when a subject is covered by a pattern with `*` (one token) and `>` (all further tokens). */
export function matchesSubject(pattern: readonly string[], subject: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '>') return subject.length > i;
    if (i >= subject.length || (pattern[i] !== '*' && pattern[i] !== subject[i])) return false;
  }
  return pattern.length === subject.length;
}

/** True when some subject is covered by both patterns. */
export function patternsMeet(a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; ; i++) {
    if (a[i] === '>') return b.length > i;
    if (b[i] === '>') return a.length > i;
    if (i === a.length || i === b.length) return a.length === b.length;
    if (a[i] !== b[i] && a[i] !== '*' && b[i] !== '*') return false;
  }
}
