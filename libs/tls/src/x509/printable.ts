/** Longest name that is shown whole. */
const LONGEST_SHOWN = 120;
/** Controls, and what changes the direction or the lines of a text: C0, C1, bidirectional marks, separators, halves of pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Co}]/gu;

/** Whether a name can be shown as it is, and so be compared with what a person has written. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) === -1;
}

/** A name out of a certificate for a log line or a terminal: nothing of it can end the line or hide another part. */
export function printable(text: string): string {
  const shown = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
  return shown.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
