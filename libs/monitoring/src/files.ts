import { RULE_GROUPS, ruleFiles } from './rules/rule-files.js';

const CHART = 'deploy/helm/mm2ss/files/monitoring';

/** Every file that is made from this package, by its path from the root of the repository. */
export function monitoringFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [name, text] of ruleFiles()) files.set(`deploy/prometheus/${name}`, text);
  // Without blanks: the chart is stored with each release.
  files.set(`${CHART}/rules.json`, `${JSON.stringify(RULE_GROUPS)}\n`);
  return files;
}
