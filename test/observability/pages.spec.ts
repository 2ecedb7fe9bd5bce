/** What the pages for operators name exists: metrics, alerts, panels, recorded series, files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ALERTS, fleetBoard, groupBoard, RECORDINGS, THRESHOLD } from '@iec104mm2ss/monitoring';
import { createRegistry, metric, METRICS, type MetricName, seriesOf } from '@iec104mm2ss/observability';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (page: string): string => readFileSync(root + page, 'utf8');
const runbooks = readdirSync(`${root}docs/runbooks`).map((name) => `docs/runbooks/${name}`);
const pages = [
  ...runbooks,
  ...['metrics', 'alerts', 'monitoring', 'security-events', 'nats'].map((name) => `docs/${name}.md`),
];

describe('the pages for operators', () => {
  const series = (Object.keys(METRICS) as MetricName[]).flatMap((name) => [name, ...seriesOf(name)]);

  it.each(pages)('%s: every metric is in the catalogue', (page) => {
    // `mm2ss_tls_...` and `mm2ss_syslog_sent_total` are such; what ends in `_` or before `...` or `*` is the beginning of some.
    const named = [...read(page).matchAll(/\b(mm2ss_[a-z0-9_]*)(\.{3}|\*)?/g)].map(([, name = '', open]) => ({
      name,
      open,
    }));
    const strange = named.filter(({ name, open }) =>
      open !== undefined || name.endsWith('_')
        ? !series.some((each) => each.startsWith(name))
        : !series.includes(name as MetricName),
    );
    expect(strange).toEqual([]);
  });

  it.each(pages)('%s: every recorded series and every file is there', (page) => {
    const text = read(page);
    const recorded: string[] = [THRESHOLD, ...RECORDINGS.map(({ record }) => record)];
    const named = [...text.matchAll(/\bmm2ss:[a-z_:]+[a-z_]/g)].map(([name]) => name);
    expect(named.filter((name) => !recorded.includes(name))).toEqual([]);
    const files = [...text.matchAll(/`((?:libs|services|apps|deploy|test|docs|bench|tools)\/[\w./-]+)`/g)].map(
      ([, name = '']) => name,
    );
    expect(files.filter((name) => !existsSync(root + name))).toEqual([]);
  });

  /** A page of Prometheus, and the beginning of a legend. */
  const OTHERS = ['Status, Targets', 'Out'];
  const boards = JSON.stringify([fleetBoard(), groupBoard()]);

  it.each(runbooks)('%s: every panel is on a board', (page) => {
    const named = [...read(page).matchAll(/(?<![\w`])_([A-Z][^_`]*)_(?!\w)/g)].map(([, title = '']) => title);
    const strange = named.filter((title) => !OTHERS.includes(title) && !boards.includes(`"title":"${title}`));
    // A column of a table is named by what it is renamed to.
    expect(strange.filter((title) => !boards.includes(`":"${title}"`))).toEqual([]);
  });

  it.each(runbooks)('%s: what is looked for in /metrics is written as /metrics has it', async (page) => {
    const wanted = [...read(page).matchAll(/\/metrics \| grep (?:-E )?'(.+?)'/g)].map(([, pattern = '']) => pattern);
    const registry = createRegistry({ release: '1' });
    const group = { group: 'GROUP', name: 'x' };
    const { boundsMs = [] } = metric('mm2ss_link_test_seconds');
    const durations = { boundsMs, counts: [...boundsMs.map(() => 0), 1], sumMs: 1 };
    registry.exposition.addDurations('mm2ss_link_test_seconds', () => [
      { labels: { ...group, side: 'rtu' }, durations },
    ]);
    registry.exposition.add('mm2ss_group_owner', () => [{ labels: { ...group, role: 'router' }, value: 1 }]);
    const exposed = await registry.metrics();
    expect(wanted.filter((pattern) => !new RegExp(pattern, 'm').test(exposed))).toEqual([]);
  });

  it('the alerts of the example for Alertmanager, and of the list of consequences, are ours', () => {
    const names: string[] = ALERTS.map(({ alert }) => alert);
    const matchers = [...read('docs/alerts.md').matchAll(/'alertname=~?"([^"]+)"'/g)].flatMap(([, list = '']) =>
      list.split('|'),
    );
    expect(matchers.length).toBeGreaterThan(10);
    const rows = [...read('docs/runbooks/README.md').matchAll(/^\| \[.*\.md\) +\| (.*?) +\|$/gm)];
    const consequences = rows.flatMap(([, list = '']) => list.split(', ')).filter((name) => !name.includes(' '));
    expect(consequences.length).toBeGreaterThan(10);
    expect([...matchers, ...consequences].filter((name) => !names.includes(name))).toEqual([]);
  });

  it.each(runbooks)('%s: every alert is one of ours', (page) => {
    const names = ALERTS.map(({ alert }) => alert);
    const linked = [...read(page).matchAll(/\[([A-Z]\w+)\]\([a-z-]+\.md\)/g)].map(([, name = '']) => name);
    expect(linked.filter((name) => !names.includes(name))).toEqual([]);
  });
});
