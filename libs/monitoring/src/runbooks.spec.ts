import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ALERTS, fileNameOf, runbookOf, THRESHOLD } from './index.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');
const names = ALERTS.map(({ alert }) => alert);

describe('the pages for the person on call', () => {
  it.each(names)('%s: what it means, what to look at, what to do', (alert) => {
    const text = read(runbookOf(alert));
    expect(text.startsWith(`# ${alert}\n`)).toBe(true);
    for (const heading of ['What it means', 'What to look at', 'What to do']) expect(text).toContain(`## ${heading}`);
  });

  it.each(names)('%s: the causes, and the threshold where there is one', (alert) => {
    const text = read(runbookOf(alert));
    const { conditions } = ALERTS.find((each) => each.alert === alert) ?? { conditions: [] };
    const takes = conditions.some(({ expr }) => expr.includes(THRESHOLD));
    expect(text.includes(`${THRESHOLD}{alert="${alert}"`)).toBe(takes);
    if (alert === 'RtuDown') return;
    for (const { cause } of conditions) if (cause !== undefined) expect(text).toContain(cause);
  });

  it('are all there are, and the list has all of them', () => {
    const pages = readdirSync(`${root}docs/runbooks`).filter((name) => name !== 'README.md');
    expect(pages.sort()).toEqual(names.map((alert) => `${fileNameOf(alert)}.md`).sort());
    for (const page of pages) expect(read('docs/runbooks/README.md')).toContain(`(${page})`);
  });

  it('link to what there is', () => {
    for (const page of readdirSync(`${root}docs/runbooks`)) {
      for (const [, target = ''] of read(`docs/runbooks/${page}`).matchAll(/\]\(([^)#]+)/g))
        expect(() => read(`docs/runbooks/${target}`), `${page}: ${target}`).not.toThrow();
    }
  });
});

describe('docs/alerts.md', () => {
  it('has every alert that takes thresholds', () => {
    const text = read('docs/alerts.md');
    const taking = ALERTS.filter(({ conditions }) => conditions.some(({ expr }) => expr.includes(THRESHOLD)));
    for (const { alert } of taking) expect(text).toContain(`\`${alert}\``);
  });
});
