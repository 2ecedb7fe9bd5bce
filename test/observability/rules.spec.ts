import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALERTS, fileNameOf, ruleFiles } from '@iec104mm2ss/monitoring';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { requireTool } from '../../tools/require.mjs';
import { LOG_AND_COMMAND_CASES } from './log-and-command-cases.ts';
import { MASTER_CASES } from './master-cases.ts';
import { RTU_CASES } from './rtu-cases.ts';
import type { RuleCase } from './rule-case.ts';
import { SYSTEM_CASES } from './system-cases.ts';

const promtool = requireTool('promtool');
const folder = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));
const cases = [...RTU_CASES, ...MASTER_CASES, ...LOG_AND_COMMAND_CASES, ...SYSTEM_CASES];
/** All that may tell one alert from another of the same name. */
const TOLD_BY = 'group, role, side, master, instance, store, server, event, metric, file, cause';

function run(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(promtool ?? '', args, { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

/** As promtool reads it. `ALERTS` is what Prometheus itself makes of the rules. */
const testOf = ({ alert, title, series, firing }: RuleCase): unknown => ({
  name: title,
  interval: '1m',
  input_series: series.map(([name, values]) => ({ series: name, values })),
  promql_expr_test: Object.entries(firing).map(([minute, labels]) => ({
    expr: `max by (${TOLD_BY}) (ALERTS{alertname="${alert}", alertstate="firing"})`,
    eval_time: `${minute}m`,
    exp_samples: labels.map((each) => ({ labels: `{${each}}`, value: 1 })),
  })),
});

describe.skipIf(promtool === undefined)('the rules of deploy/prometheus', () => {
  it('are such as promtool finds nothing at', () => {
    const { status, output } = run(
      'check',
      'rules',
      '--lint-fatal',
      ...[...ruleFiles().keys()].map((name) => folder + name),
    );
    expect(status, output).toBe(0);
  });

  it.each(ALERTS.map(({ alert }) => alert))('%s fires when it should, and only then', (alert) => {
    const temporary = mkdtempSync(path.join(tmpdir(), 'rules-'));
    try {
      const file = path.join(temporary, 'tests.yaml');
      const tests = cases.filter((each) => each.alert === alert).map(testOf);
      const whole = { rule_files: [`${folder}${fileNameOf(alert)}.yaml`], evaluation_interval: '30s', tests };
      writeFileSync(file, stringify(whole, { lineWidth: 0 }));
      const { status, output } = run('test', 'rules', file);
      expect(status, output).toBe(0);
    } finally {
      rmSync(temporary, { recursive: true });
    }
  });
});

describe('the stories of the rules', () => {
  const causes = ALERTS.flatMap(({ alert, conditions }) => conditions.map(({ cause }) => ({ alert, cause })));

  it.each(causes)('show $alert $cause silent, firing, and silent again', ({ alert, cause }) => {
    const wanted = cause === undefined ? '' : `cause="${cause}"`;
    const complete = cases.some((each) => {
      if (each.alert !== alert) return false;
      const states = Object.values(each.firing).map((labels) => labels.some((label) => label.includes(wanted)));
      const first = states.indexOf(true);
      return first > 0 && states.at(-1) === false;
    });
    expect(complete).toBe(true);
  });
});
