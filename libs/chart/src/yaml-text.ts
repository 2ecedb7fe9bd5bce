/** What can be written: no numbers that YAML would have to round, no dates. */
export type YamlValue =
  string | number | boolean | null | undefined | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/** Keys that no reader, of YAML 1.1 or 1.2, takes for anything but a string. */
const PLAIN_KEY = /^(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][\w-]*$/i;
/** Not allowed as they are, or a line end for some readers: U+007F to U+009F, U+2028, U+2029, U+FEFF and non-characters. */
const ESCAPED = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
/** Nothing that a block has to escape, or that its reader would change. */
// eslint-disable-next-line no-control-regex
const NO_BLOCK = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/;
const INDENT = '  ';

/**
 * YAML text of an object, which every reader takes for the same: all strings in double quotes, those of several lines as a block
 * where that keeps them. Deterministic, in the order of the keys; `undefined` is left out.
 */
export function yamlText(object: { readonly [key: string]: YamlValue }): string {
  return `${mappingLines(object).join('\n')}\n`;
}

function mappingLines(object: { readonly [key: string]: YamlValue }): string[] {
  return Object.entries(object).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const name = PLAIN_KEY.test(key) ? key : quoted(key);
    if (typeof value === 'string' && isBlock(value)) return [`${name}: ${blockHead(value)}`, ...blockLines(value)];
    if (isEmpty(value) || !isCollection(value)) return [`${name}: ${flow(value)}`];
    if (Array.isArray(value) && value.every((entry) => !isCollection(entry))) return [`${name}: ${flow(value)}`];
    return [`${name}:`, ...lines(value).map((line) => INDENT + line)];
  });
}

function lines(value: YamlValue): string[] {
  if (!Array.isArray(value)) return mappingLines(value as { readonly [key: string]: YamlValue });
  return (value as readonly YamlValue[]).map((entry) => `- ${flow(entry)}`);
}

/** In one line. */
function flow(value: YamlValue): string {
  if (Array.isArray(value)) return `[${(value as readonly YamlValue[]).map(flow).join(', ')}]`;
  if (isCollection(value)) {
    const entries = Object.entries(value as { readonly [key: string]: YamlValue });
    const present = entries.filter(([, entry]) => entry !== undefined);
    const texts = present.map(([key, entry]) => `${PLAIN_KEY.test(key) ? key : quoted(key)}: ${flow(entry)}`);
    return texts.length === 0 ? '{}' : `{ ${texts.join(', ')} }`;
  }
  return typeof value === 'string' ? quoted(value) : String(value ?? null);
}

const isCollection = (value: YamlValue): boolean => typeof value === 'object' && value !== null;
const isEmpty = (value: YamlValue): boolean => isCollection(value) && Object.keys(value as object).length === 0;

function quoted(text: string): string {
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(ESCAPED, escape);
}

/** Several lines, which end with a line end. */
function isBlock(text: string): boolean {
  return text.endsWith('\n') && text.trim() !== '' && !NO_BLOCK.test(text) && text.isWellFormed();
}

/** How far the block is indented is said where its first line would hide it; `+` keeps line ends at its end. */
function blockHead(text: string): string {
  return `|${/^[ \n\t]/.test(text) ? INDENT.length : ''}${text.endsWith('\n\n') ? '+' : ''}`;
}

function blockLines(text: string): string[] {
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => (line === '' ? '' : INDENT + line));
}
