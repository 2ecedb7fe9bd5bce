import type { ScenarioResult } from './run.js';

/** The results as JUnit has them, for CI: a test suite for each scenario, a test case for each step. */
export function junitReport(results: readonly ScenarioResult[]): string {
  const suites = results.map(({ name, seconds, steps }) => {
    const failures = steps.filter(({ failure }) => failure !== undefined).length;
    const skipped = steps.filter((step) => step.skipped).length;
    const counts = `tests="${steps.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
    const cases = steps.map((step) => {
      const head = `    <testcase classname="${escaped(name)}" name="${escaped(step.name)}" time="${step.seconds.toFixed(3)}"`;
      if (step.failure !== undefined) {
        return `${head}>\n      <failure message="${escaped(step.failure)}"/>\n    </testcase>`;
      }
      return step.skipped ? `${head}>\n      <skipped/>\n    </testcase>` : `${head}/>`;
    });
    return [`  <testsuite name="${escaped(name)}" ${counts} time="${seconds.toFixed(3)}">`, ...cases, '  </testsuite>'];
  });
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites.flat(), '</testsuites>', ''].join('\n');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/\p{Cc}/gu, '?');
}
