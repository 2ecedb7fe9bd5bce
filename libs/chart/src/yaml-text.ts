/** What can be written: no numbers that YAML would have to round, no dates. */
export type YamlValue = string | number | boolean | null | undefined | readonly YamlValue[] | YamlObject;

export interface YamlObject {
  readonly [key: string]: YamlValue;
}

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
export function yamlText(object: YamlObject): string {
  return `${mappingLines(object).join('\n')}\n`;
}

function mappingLines(object: YamlObject): string[] {
  return Object.entries(object).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const name = `${keyText(key)}:`;
    if (typeof value === 'string' && isBlock(value)) return [`${name} ${blockHead(value)}`, ...blockLines(value)];
    const lines = isList(value) ? listLines(value) : isObject(value) ? mappingLines(value) : [];
    return lines.length === 0 ? [`${name} ${flow(value)}`] : [name, ...lines.map((line) => INDENT + line)];
  });
}

/** None for a list of which all entries are short: it stands in one line. */
function listLines(list: readonly YamlValue[]): string[] {
  return list.some((entry) => isList(entry) || isObject(entry)) ? list.map((entry) => `- ${flow(entry)}`) : [];
}

/** In one line. */
function flow(value: YamlValue): string {
  if (isList(value)) return `[${value.map(flow).join(', ')}]`;
  if (isObject(value)) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    return entries.length === 0
      ? '{}'
      : `{ ${entries.map(([key, entry]) => `${keyText(key)}: ${flow(entry)}`).join(', ')} }`;
  }
  return typeof value === 'string' ? quoted(value) : String(value ?? null);
}

const isList = (value: YamlValue): value is readonly YamlValue[] => Array.isArray(value);
const isObject = (value: YamlValue): value is YamlObject =>
  typeof value === 'object' && value !== null && !isList(value);
/** Whether a key needs no quotes. */
export const isPlainKey = (key: string): boolean => PLAIN_KEY.test(key);
const keyText = (key: string): string => (isPlainKey(key) ? key : quoted(key));

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
