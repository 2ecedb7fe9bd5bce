/** Helm reads what its templates give with a parser that refuses these, or takes them for line ends, and says nothing of it. */
const NOT_CARRIED = /[\u007f-\u009f\ufeff\ufffe\uffff]/gu;

/** A text without the characters that no Kubernetes object can carry: control characters, and marks that nobody sees. */
export function carriedText(text: string): string {
  return text.replace(NOT_CARRIED, '');
}

/** Those of them that are in it, as people write them: `U+FEFF`. */
export function notCarried(text: string): string[] {
  const code = (character: string): string =>
    `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return [...new Set(text.match(NOT_CARRIED) ?? [])].map(code);
}
