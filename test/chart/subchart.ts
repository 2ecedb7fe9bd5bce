import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { CHART, type Values } from './helm.ts';

/** Merges as Helm merges files of values. */
function merged(below: Values, above: Values): Values {
  const isMap = (value: unknown): value is Values =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = Object.entries(above).map(([key, value]) => {
    const under = below[key];
    return [key, isMap(value) && isMap(under) ? merged(under, value) : value] as const;
  });
  return { ...below, ...Object.fromEntries(entries) };
}

/** The values of a chart that has ours as a part, which is switched on by a condition, with what it says to all its parts. */
export function inParent(values: readonly Values[], more: Values = {}): Values {
  const ours = [...values, more].reduce<Values>(merged, {});
  return { mm2ss: { ...ours, enabled: true }, global: { imageRegistry: 'registry.plant:5000', plant: 'north' } };
}

/** A folder with a chart that has ours as a part; gone after the test. */
export function parentChart(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'parent-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, 'charts'));
  cpSync(CHART, path.join(folder, 'charts', 'mm2ss'), { recursive: true });
  writeFileSync(
    path.join(folder, 'Chart.yaml'),
    'apiVersion: v2\nname: plant\nversion: 1.0.0\n' +
      'dependencies: [{ name: mm2ss, version: 0.1.0, condition: mm2ss.enabled }]\n',
  );
  return folder;
}
