import { ALERTS } from './index.js';
import { RECORDINGS } from './recordings.js';
import { type Alert, type Condition, fileNameOf, indented, PRODUCT } from './rule.js';

/** A rule as Prometheus and the operator have it. */
export interface PrometheusRule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly PrometheusRule[];
}

/** Page of an alert for the person on call, from the root of the repository. */
export const runbookOf = (alert: string): string => `docs/runbooks/${fileNameOf(alert)}.md`;

const ruleOf = (
  { alert }: Alert,
  { severity, cause, expr, summary, description, ...rest }: Condition,
): PrometheusRule => ({
  alert,
  expr,
  for: rest.for,
  labels: { severity, ...(cause === undefined ? {} : { cause }), product: PRODUCT },
  annotations: { summary, description, runbook_url: runbookOf(alert) },
});

export const alertGroup = (alert: Alert): RuleGroup => ({
  name: `mm2ss-${fileNameOf(alert.alert)}`,
  rules: alert.conditions.map((condition) => ruleOf(alert, condition)),
});

const RECORDING_GROUP: RuleGroup = { name: 'mm2ss-recordings', rules: RECORDINGS };

/** All groups, as the chart has them. */
export const RULE_GROUPS: readonly RuleGroup[] = [RECORDING_GROUP, ...ALERTS.map(alertGroup)];

const HEAD = '# Made from libs/monitoring/src/rules. `make monitoring` writes it anew.\n';

/** The files for a Prometheus that reads rules from disk, by name. */
export const ruleFiles = (): ReadonlyMap<string, string> =>
  new Map(RULE_GROUPS.map((group) => [`${group.name.replace(/^mm2ss-/, '')}.yaml`, HEAD + yamlOf(group)]));

/** Rule files in the way people write them: expressions in lines of their own. */
function yamlOf({ name, rules }: RuleGroup): string {
  const texts = rules.map(({ expr, alert, record, labels, annotations, ...rest }) =>
    [
      alert === undefined ? `- record: ${record ?? ''}` : `- alert: ${alert}`,
      `  expr: |\n    ${indented(indented(expr))}`,
      ...(rest.for === undefined ? [] : [`  for: ${rest.for}`]),
      ...mapping('labels', labels),
      ...mapping('annotations', annotations),
    ].join('\n'),
  );
  return `groups:\n  - name: ${name}\n    rules:\n      ${indented(indented(indented(texts.join('\n'))))}\n`;
}

/** Values are quoted as JSON, which YAML takes as they are. */
const mapping = (key: string, of: Readonly<Record<string, string>> = {}): string[] => {
  const entries = Object.entries(of).map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`);
  return entries.length === 0 ? [] : [`  ${key}:`, ...entries];
};
