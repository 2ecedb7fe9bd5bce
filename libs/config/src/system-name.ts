/** Characters of a `sys name` that count. */
export const LONGEST_NAME_CHARACTERS = 16;

/** Control characters, and what ends a line: a text that has them can forge lines in a log and move the cursor of a terminal. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const CONTROLS = new RegExp(CONTROL, 'gu');

export type SystemName = { readonly name: string; readonly isCut: boolean } | { readonly fault: string };

export function hasControls(text: string): boolean {
  return CONTROL.test(text);
}

/** A text from a file on its way to a terminal or a log: control characters as `\u001b`. */
export function withoutControls(text: string): string {
  return text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Reads a `sys name`, of the multiplexer's file and of the simulator's: one line of 16 characters at most. */
export function readSystemName(text: string): SystemName {
  const line = text.replace(/\s*[\r\n]+\s*/g, ' ');
  if (line === '') return { fault: 'the name is empty' };
  if (hasControls(line)) return { fault: 'the name contains control characters' };
  const characters = Array.from(line);
  if (characters.length <= LONGEST_NAME_CHARACTERS) return { name: line, isCut: false };
  return { name: characters.slice(0, LONGEST_NAME_CHARACTERS).join('').trimEnd(), isCut: true };
}
