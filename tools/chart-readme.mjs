/**
 * Writes the list of values into the README of the chart, from the comments in its values.yaml: `node tools/chart-readme.mjs`. What
 * stands before the list is written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const chart = fileURLToPath(new URL('../deploy/helm/mm2ss', import.meta.url));
export const README_FILE = path.join(chart, 'README.md');
const VALUES_FILE = path.join(chart, 'values.yaml');
const BEGIN = '<!-- What follows is made by tools/chart-readme.mjs from values.yaml. -->';
/** A part that says nothing of a value means the same by it as the first of these that does. */
const SAME_IN = ['connectors', 'routers', 'image'];
const INDENT = 2;

/**
 * The values of a values.yaml, in its order: sections begin with `##`, and what is said of a value are the comments right above it.
 * Values with others below them are told by these, unless something is said of them as a whole.
 *
 * @returns {{ section: string, path: string, default: string | undefined, text: string }[]}
 */
export function documentedValues(yaml) {
  const found = [];
  const open = [];
  let section = '';
  let comments = [];
  for (const line of yaml.split('\n')) {
    const [, indent, rest] = /^( *)(.*)$/.exec(line);
    if (rest.startsWith('## ')) section = rest.slice(3);
    if (rest.startsWith('#')) {
      if (!rest.startsWith('##')) comments.push(rest.replace(/^# ?/, ''));
      continue;
    }
    const [, key, value] = /^([\w-]+):(?: (.*))?$/.exec(rest) ?? [];
    if (key !== undefined) {
      open.length = indent.length / INDENT;
      open.push(key);
      found.push({ section, path: open.join('.'), default: value, text: comments.join(' ') });
    }
    comments = [];
  }
  return withoutInner(withShared(found));
}

/** What is said of a value once is not said again for each part. */
function withShared(values) {
  const texts = new Map(values.map((value) => [value.path, value.text]));
  return values.map((value) => {
    const keys = value.path.split('.');
    const shared = SAME_IN.map((part) => [part, ...keys.slice(1)].join('.')).concat(`image.${keys.at(-1)}`);
    const text = value.text || (value.default && shared.map((name) => texts.get(name)).find(Boolean)) || '';
    return { ...value, text };
  });
}

/** A value that is told as a whole stands for those below it; one that is not, and has some below it, is told by them. */
function withoutInner(values) {
  const whole = [];
  return values.filter((value) => {
    if (whole.some((outer) => value.path.startsWith(`${outer}.`))) return false;
    const inner = values.filter(({ path: other }) => other.startsWith(`${value.path}.`));
    const told = inner.some(({ text }) => text !== '');
    if (inner.length > 0 && !told) {
      whole.push(value.path);
      value.default = `{ ${inner
        .filter(({ default: own }) => own !== undefined)
        .map(({ path: own, default: its }) => `${own.slice(value.path.length + 1)}: ${its}`)
        .join(', ')} }`;
    }
    return inner.length === 0 || !told || value.text !== '';
  });
}

const cell = (text) => text.replaceAll('|', '\\|');
const defaultCell = (text) => (text === undefined || /^(''|\[\]|\{\})$/.test(text) ? '' : `\`${cell(text)}\``);

/** The list, as Markdown. */
export function valuesText(yaml) {
  const values = documentedValues(yaml);
  const sections = [...new Set(values.map(({ section }) => section))];
  return sections
    .map((section) => {
      const rows = values
        .filter((value) => value.section === section)
        .map((value) => `| \`${value.path}\` | ${defaultCell(value.default)} | ${cell(value.text)} |`);
      return `### ${section}\n\n| value | default | what |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
    })
    .join('\n');
}

/** The whole README: what is written by hand, and the list. */
export function readmeText(before, yaml) {
  const [head] = before.split(BEGIN);
  return `${head}${BEGIN}\n\n## Values\n\n${valuesText(yaml)}`;
}

/** What the README has to be. */
export async function wantedReadme() {
  const { format, resolveConfig } = await import('prettier');
  const text = readmeText(readFileSync(README_FILE, 'utf8'), readFileSync(VALUES_FILE, 'utf8'));
  return format(text, { ...(await resolveConfig(README_FILE)), filepath: README_FILE });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(README_FILE, await wantedReadme());
