import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ALERTS, fleetBoard, groupBoard, RULE_GROUPS, THRESHOLD } from '@iec104mm2ss/monitoring';
import { describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { CHART, refusal, type Values } from './helm.ts';
import type { Manifest } from './manifests.ts';
import { render } from './render.ts';
import { SCENARIOS } from './scenarios.ts';

interface Rule {
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
const { minimal = [] } = SCENARIOS;
const withMonitoring = (monitoring: Values) => render([...minimal, { monitoring }]);
const rulesOf = (object: Manifest): Rule[] =>
  (object.spec as unknown as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);
const rules = (values: Values): Rule[] =>
  rulesOf(withMonitoring({ rules: { enabled: true, ...values } }).the('PrometheusRule', 'mm2ss'));

describe.skipIf(!requireTool('helm'))('boards', () => {
  it('are not there unless they are asked for', () => {
    expect(
      render(minimal)
        .names('ConfigMap')
        .filter((name) => name.includes('board')),
    ).toEqual([]);
  });

  it('are ConfigMaps that a sidecar of Grafana finds, and what the sources make', () => {
    const rendering = withMonitoring({ dashboards: { enabled: true } });
    for (const [name, board] of Object.entries({ fleet: fleetBoard(), group: groupBoard() })) {
      const { metadata, data } = rendering.the('ConfigMap', `mm2ss-board-${name}`);
      expect(metadata).toMatchObject({ labels: { grafana_dashboard: '1' }, annotations: { grafana_folder: 'mm2ss' } });
      expect(JSON.parse(data?.[`mm2ss-${name}.json`] ?? '')).toEqual(JSON.parse(JSON.stringify(board)));
    }
  });

  it('go where a sidecar looks that was set up in another way', () => {
    const dashboards = { enabled: true, label: 'board', labelValue: 'yes', folder: '', namespace: 'grafana' };
    const { metadata } = withMonitoring({ dashboards }).the('ConfigMap', 'mm2ss-board-fleet');
    expect(metadata).toMatchObject({ namespace: 'grafana', labels: { board: 'yes' } });
    expect(metadata.labels).not.toHaveProperty('grafana_dashboard');
    expect(metadata.annotations).toBeUndefined();
  });
});

describe.skipIf(!requireTool('helm'))('rules', () => {
  it('are not there unless they are asked for', () => {
    expect(render(minimal).of('PrometheusRule')).toEqual([]);
  });

  it('are those of deploy/prometheus', () => {
    expect(rules({})).toEqual(RULE_GROUPS.flatMap((group) => group.rules));
  });

  it('have the labels of Alertmanager, and pages at an address of the user', () => {
    const changed = rules({ alertLabels: { team: 'scada', severity: 'page' }, runbookUrl: 'https://wiki.example/' });
    const down = changed.find(({ alert }) => alert === 'RtuDown');
    expect(down?.labels).toMatchObject({ team: 'scada', severity: 'page', product: 'mm2ss' });
    expect(down?.annotations?.['runbook_url']).toBe('https://wiki.example/docs/runbooks/rtu-down.md');
  });

  it('are without those that are left out, and with thresholds of single groups', () => {
    const changed = rules({
      disabled: ['RtuDown', 'LinkSlow'],
      thresholds: { MasterLag: { 7: 0.5 }, UndeliveredOld: { 7: 600 } },
    });
    const alerts = new Set(changed.map(({ alert }) => alert));
    expect(alerts.has('RtuDown') || alerts.has('LinkSlow')).toBe(false);
    expect(alerts.has('RtuFlapping')).toBe(true);
    expect(changed.slice(0, 2)).toEqual([
      { record: THRESHOLD, expr: 'vector(0.5)', labels: { alert: 'MasterLag', group: '7' } },
      { record: THRESHOLD, expr: 'vector(600)', labels: { alert: 'UndeliveredOld', group: '7' } },
    ]);
  });

  it.each<Values>([{ disabled: ['RtuDwn'] }, { thresholds: { NatsDown: { 7: 1 } } }, { thresholds: { LinkSlow: 1 } }])(
    'that do not exist are refused: %o',
    (wrong) => {
      expect(refusal([...minimal, { monitoring: { rules: { enabled: true, ...wrong } } }])).toContain(
        'meet the specifications of the schema',
      );
    },
  );
});

describe('the schema of the values', () => {
  it('knows every alert, and which of them take thresholds', () => {
    const schema = JSON.parse(readFileSync(path.join(CHART, 'values.schema.json'), 'utf8')) as {
      properties: {
        monitoring: {
          properties: {
            rules: {
              properties: {
                disabled: { items: { enum: string[] } };
                thresholds: { propertyNames: { enum: string[] } };
              };
            };
          };
        };
      };
    };
    const { disabled, thresholds } = schema.properties.monitoring.properties.rules.properties;
    expect(disabled.items.enum).toEqual(ALERTS.map(({ alert }) => alert));
    const taking = ALERTS.filter(({ conditions }) => conditions.some(({ expr }) => expr.includes(THRESHOLD)));
    expect(thresholds.propertyNames.enum).toEqual(taking.map(({ alert }) => alert));
  });
});
