import { fleetBoard } from './boards/fleet.js';
import { groupBoard } from './boards/group.js';
import { RULE_GROUPS, ruleFiles } from './rules/rule-files.js';

const CHART = 'deploy/helm/mm2ss/files/monitoring';

/** Every file that is made from this package, by its path from the root of the repository. */
export function monitoringFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [name, text] of ruleFiles()) files.set(`deploy/prometheus/${name}`, text);
  for (const [name, board] of Object.entries({ fleet: fleetBoard(), group: groupBoard() })) {
    files.set(`deploy/grafana/${name}.json`, `${JSON.stringify(board, undefined, 2)}\n`);
    files.set(`${CHART}/${name}.json`, `${JSON.stringify(board)}\n`);
  }
  // Without blanks: the chart is stored with each release.
  files.set(`${CHART}/rules.json`, `${JSON.stringify(RULE_GROUPS)}\n`);
  return files;
}
