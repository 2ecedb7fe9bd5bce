import { FOREIGN_METRICS, METRICS } from '@iec104mm2ss/observability';
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { asked, ALERTS, fleetBoard, groupBoard, queriesOf, RECORDINGS, RULE_GROUPS, THRESHOLD } from './index.js';

/** What Prometheus puts on every series. */
const TARGET_LABELS = ['job', 'instance'];
/** Series that are made by Prometheus itself, with the labels that we know of them. */
const MADE: Readonly<Record<string, readonly string[]>> = {
  ALERTS: ['alertname', 'alertstate', 'severity', 'product', 'group', ...TARGET_LABELS],
  [THRESHOLD]: ['alert', 'group'],
};

/** The labels a series may have; undefined: there is no such series. */
function labelsOf(series: string): readonly string[] | undefined {
  const known: Readonly<Record<string, { readonly type: string; readonly labels: readonly string[] }>> = {
    ...METRICS,
    ...FOREIGN_METRICS,
  };
  const part = /^(.*)_(bucket|sum|count)$/.exec(series);
  const histogram = known[part?.[1] ?? ''];
  const more = part?.[2] === 'bucket' ? ['le'] : [];
  if (histogram?.type === 'histogram') return [...histogram.labels, ...more, ...TARGET_LABELS];
  const plain = known[series];
  return (
    MADE[series] ??
    (plain === undefined || plain.type === 'histogram' ? undefined : [...plain.labels, ...TARGET_LABELS])
  );
}

/** What is wrong with a query: it does not parse, names no series of ours, or a label that its series have not. */
function problems(expr: string): string[] {
  const found: string[] = [];
  const text = ({ from, to }: SyntaxNode): string => expr.slice(from, to);
  const made = [...expr.matchAll(/label_replace\([^"]*"(\w+)"/g)].map(([, label]) => label ?? '');
  const everywhere = new Set(made);
  const groupings: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ node, type }) => {
      if (type.isError) found.push(`does not parse at ${node.from}: ${expr}`);
      if (type.name === 'VectorSelector') {
        const name = node.getChild('Identifier');
        const series = name === null ? '' : text(name);
        const labels = labelsOf(series);
        if (labels === undefined) found.push(`no such series: ${series}`);
        labels?.forEach((label) => everywhere.add(label));
        const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
        for (const matcher of matchers) {
          const label = matcher.getChild('LabelName');
          if (label !== null && labels?.includes(text(label)) !== true) found.push(`${series} has no ${text(label)}`);
        }
      }
      if (type.name === 'GroupingLabels') groupings.push(...node.getChildren('LabelName').map(text));
    },
  });
  found.push(...groupings.filter((label) => !everywhere.has(label)).map((label) => `no series has the label ${label}`));
  return found;
}

const chosen = { job: 'mm2ss', group: '1', interval: '1m' };
const ofBoards = [fleetBoard(), groupBoard()].flatMap(queriesOf).map(({ where, expr }) => [where, asked(expr, chosen)]);
const ofRules = RULE_GROUPS.flatMap(({ rules }) => rules).map(({ alert, record, expr }) => [alert ?? record, expr]);

describe('queries', () => {
  it.each([...ofBoards, ...ofRules])(
    'of %s: parsed, with metrics and labels of the catalogue: %s',
    (_where, expr = '') => {
      expect(problems(expr)).toEqual([]);
    },
  );

  it.each([
    ['sum by (group) (mm2ss_rtu_up', 'does not parse'],
    ['mm2ss_rtu_is_up', 'no such series'],
    ['mm2ss_rtu_up{master="A"}', 'mm2ss_rtu_up has no master'],
    ['max by (side) (mm2ss_rtu_up)', 'no series has the label side'],
    ['mm2ss_link_test_seconds', 'no such series'],
    ['mm2ss_link_test_seconds_sum{le="1"}', 'has no le'],
    ['rate(mm2ss_rtu_up[$__rate_interval])', 'does not parse'],
  ])('are found out: %s', (expr, problem) => {
    expect(problems(expr).join('\n')).toContain(problem);
  });

  it('of boards leave no variable of Grafana behind', () => {
    for (const [where, expr] of ofBoards) expect(expr, where).not.toContain('$');
  });
});

describe('boards', () => {
  it.each([fleetBoard(), groupBoard()])(
    '$title: every panel has an id of its own, a title and words',
    ({ panels = [] }) => {
      const ids = panels.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).not.toContain(undefined);
      for (const panel of panels.filter(({ type }) => type !== 'row')) {
        expect('description' in panel ? panel.description : '', panel.title ?? '').not.toBe('');
      }
    },
  );

  it.each([fleetBoard(), groupBoard()])('$title: panels do not overlap', ({ panels = [] }) => {
    const taken = new Map<string, string>();
    for (const { title = '', gridPos } of panels) {
      const { x, y, w, h } = gridPos ?? { x: 0, y: 0, w: 0, h: 0 };
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column++)
        for (let line = y; line < y + h; line++) {
          const cell = `${column},${line}`;
          expect(taken.get(cell), `${title} at ${cell}`).toBeUndefined();
          taken.set(cell, title);
        }
    }
  });
});

describe('what a board leads to', () => {
  const boards = [fleetBoard(), groupBoard()];
  const variablesOf = ({ templating }: (typeof boards)[number]): string[] =>
    (templating?.list ?? []).map(({ name }) => name);

  it('is a board of ours, with variables that it has', () => {
    const links = [...JSON.stringify(boards).matchAll(/"url":"(\/d\/[^"]*)"/g)].map(([, url = '']) => url);
    expect(links.length).toBeGreaterThan(0);
    for (const url of links) {
      const [, uid = '', query = ''] = /^\/d\/([^?]+)\?(.*)$/.exec(url) ?? [];
      const target = boards.find((each) => each.uid === uid);
      expect(target, url).toBeDefined();
      const given = [...query.matchAll(/var-(\w+)=|\$\{(\w+):queryparam\}/g)].map(
        ([, plain, handed]) => plain ?? handed,
      );
      expect(given.sort(), url).toEqual(variablesOf(target as (typeof boards)[number]).sort());
    }
  });

  it('and all variables in queries are there', () => {
    for (const each of boards) {
      const used = [...JSON.stringify(each).matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
      const own = used.filter((name) => !name.startsWith('__'));
      expect(
        [...new Set(own)].filter((name) => !variablesOf(each).includes(name)),
        each.title,
      ).toEqual([]);
    }
  });

  it.each([
    ['{group="7",name="RTU North"} 1 1700000000000', '7', 'RTU North'],
    ['{group="12",name="Süd "alt""} 1 1700000000000', '12', 'Süd "alt"'],
    ['{group="12",name="{a="b",c}"} 1 1700000000000', '12', '{a="b",c}'],
    ['{group="12",name="ends in \\"} 1 1700000000000', '12', 'ends in \\'],
  ])('a group is found in %s', (answer, value, text) => {
    const variable = groupBoard().templating?.list?.find(({ name }) => name === 'group');
    const [, pattern = ''] = /^\/(.*)\/$/.exec(variable?.regex ?? '') ?? [];
    expect(new RegExp(pattern).exec(answer)?.groups).toEqual({ value, text });
  });
});

describe('rules', () => {
  it('have names of their own', () => {
    const names = [...ALERTS.map(({ alert }) => alert), ...RECORDINGS.map(({ record }) => record)];
    expect(new Set(names).size).toBe(names.length);
  });

  it('tell conditions of one alert apart, as Prometheus does by labels', () => {
    for (const { alert, conditions } of ALERTS) {
      const causes = conditions.map(({ cause }) => cause);
      expect(new Set(causes).size, alert).toBe(conditions.length);
    }
  });
});
