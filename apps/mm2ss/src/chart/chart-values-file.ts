import { isPlainKey, type YamlObject, type YamlValue, yamlText } from '@iec104mm2ss/chart';
import { type Document, isMap, isScalar, parse, parseDocument, Scalar, type Tags, visit } from 'yaml';

/** Stands above what comes from the configuration, and tells our files from others. */
export const GENERATED_MARK = '# Written by mm2ss chart';

/** The values of the configuration as a file of their own, for `helm -f`. */
export function generatedText(values: YamlObject, from: string): string {
  return `${GENERATED_MARK} from ${from}: changes made here are lost.\n${yamlText(values)}`;
}

/**
 * The chart's `values.yaml` with its comments, and the values of a configuration in it.
 *
 * @param defaults text of the file as the chart has it
 * @param generated take the place of what the file has for these keys, at its end
 * @param extra is merged into the rest, as Helm merges: mappings by key, null takes a key out, all else is replaced
 */
export function filledValues(defaults: string, generated: YamlObject, extra: YamlObject, from: string): string {
  const document = parseDocument(without(defaults, Object.keys(generated)));
  for (const [path, value] of leaves(extra)) {
    if (value === null) document.deleteIn(path);
    else document.setIn(path, document.createNode(value, { aliasDuplicateObjects: false }));
  }
  quoteAdded(document);
  const rest = document.toString({ lineWidth: 0 });
  return `${rest.trimEnd()}\n\n${generatedText(generated, from)}`;
}

/** Puts what was added in quotes: Helm reads YAML 1.1, for which more words than these are no strings. */
function quoteAdded(document: Document): void {
  visit(document, {
    Pair: (_key, pair) => {
      if (typeof pair.key === 'string') pair.key = new Scalar(pair.key);
    },
    Scalar: (key, scalar) => {
      const { value, source } = scalar;
      if (typeof value !== 'string' || source !== undefined || (key === 'key' && isPlainKey(value))) return;
      scalar.type = 'QUOTE_DOUBLE';
    },
  });
}

/** A text without what it says for some keys, of which only the comments stay. */
function without(yaml: string, keys: readonly string[]): string {
  const { contents } = parseDocument(yaml);
  let text = yaml;
  for (const { key, value } of isMap(contents) ? contents.items.toReversed() : []) {
    if (!isScalar(key) || !keys.includes(String(key.value)) || !key.range) continue;
    const end = (value as { readonly range?: readonly number[] } | null)?.range?.[1] ?? key.range[1];
    text = `${text.slice(0, key.range[0])}# ${String(key.value)}: at the end of this file${text.slice(end)}`;
  }
  return text;
}

/** What an object sets, by path: whatever is no mapping with something in it. */
function leaves(object: YamlObject, path: readonly string[] = []): [readonly string[], YamlValue][] {
  return Object.entries(object).flatMap(([key, value]): [readonly string[], YamlValue][] => {
    const at = [...path, key];
    return isObject(value) && Object.keys(value).length > 0 ? leaves(value, at) : [[at, value]];
  });
}

export const isObject = (value: unknown): value is YamlObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Values as Helm reads them: YAML 1.1, in which `on` is true and 010 is 8, but 1:30 and 2026-01-01 are strings.
 *
 * @throws {YAMLParseError}
 */
export function parsedValues(text: string): unknown {
  const strings = (tags: Tags): Tags =>
    tags.filter(
      (tag) => typeof tag === 'string' || (tag.format !== 'TIME' && tag.tag !== 'tag:yaml.org,2002:timestamp'),
    );
  return parse(text, { version: '1.1', customTags: strings, stringKeys: true }) as unknown;
}

/** Merges as Helm does: mappings by key, null takes a key out, all else is replaced. */
export function merged(below: YamlObject, above: YamlObject): YamlObject {
  return withoutNull(mergedKeepingNull(below, above));
}

/** As merged, but null stays, for what is merged into something else later. */
export function mergedKeepingNull(below: YamlObject, above: YamlObject): YamlObject {
  const result: Record<string, YamlValue> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = result[key];
    result[key] = isObject(value) && isObject(under) ? mergedKeepingNull(under, value) : value;
  }
  return result;
}

function withoutNull(object: YamlObject): YamlObject {
  const present = Object.entries(object).filter(([, value]) => value !== null);
  return Object.fromEntries(present.map(([key, value]) => [key, isObject(value) ? withoutNull(value) : value]));
}
