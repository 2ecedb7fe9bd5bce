import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  junitReport,
  parseScenario,
  runScenario,
  type Scenario,
  ScenarioError,
  type ScenarioResult,
  type StepResult,
} from '@iec104mm2ss/simulator';
import { readyMultiplexer } from '../../simulator/ready-multiplexer.js';
import { EXIT_FAILED, EXIT_USAGE } from '../../process/exit-codes.js';
import { endSignal, messageOf } from './shared.js';

interface ScenarioFlags {
  readonly junit?: string;
  readonly check?: true;
}

const HELP = `
docs/simulator.md has the steps; examples/simulator has the tests of the manual.
Exit code: 0 all passed, 1 one failed, or a signal ended it (the JUnit file is written), 2 a file is no scenario; the others were run nevertheless, and in the JUnit file it is a
failed case.`;

export function registerScenario(simulate: Command): void {
  simulate
    .command('scenario')
    .description('run tests written in YAML: RTUs, masters, what they do and what has to come of it')
    .argument('<files...>', 'scenarios, run one after the other')
    .option('--junit <FILE>', 'write the results as JUnit has them')
    .option('--check', 'read the files only')
    .addHelpText('after', HELP)
    .action((files: readonly string[], flags: ScenarioFlags, self: Command) => runAll(files, flags, self));
}

async function runAll(files: readonly string[], flags: ScenarioFlags, self: Command): Promise<void> {
  const scenarios = files.map((file) => ({ file, scenario: readScenario(file) }));
  const bad = scenarios.filter(({ scenario }) => typeof scenario === 'string');
  for (const { file, scenario } of bad) process.stderr.write(`error: ${file}:\n  ${scenario as string}\n`);
  if (bad.length > 0) process.exitCode = EXIT_USAGE;
  if (flags.check === true) {
    process.stdout.write(`${scenarios.length - bad.length} scenarios can be run\n`);
    return;
  }
  const results: ScenarioResult[] = [];
  const stop = endSignal();
  for (const { file, scenario } of scenarios) {
    if (typeof scenario === 'string') results.push(unreadable(file, scenario));
    else if (stop.aborted) results.push(notRun(scenario));
    else results.push(await runOne(file, scenario, stop));
  }
  if (flags.junit !== undefined) {
    try {
      writeFileSync(flags.junit, junitReport(results));
    } catch (error) {
      self.error(`error: --junit: ${messageOf(error)}`, { exitCode: EXIT_FAILED });
    }
  }
  if (results.some(({ passed }) => !passed)) process.exitCode ??= EXIT_FAILED;
}

/** The scenario, or why the file is none: a line for each reason. */
function readScenario(file: string): Scenario | string {
  try {
    return parseScenario(readFileSync(file, 'utf8'));
  } catch (error) {
    return error instanceof ScenarioError ? error.problems.join('\n  ') : messageOf(error);
  }
}

/** A file that is no scenario, as a result: who reads results only must not miss it. */
function unreadable(file: string, reasons: string): ScenarioResult {
  const step = { name: 'read the file', seconds: 0, failure: reasons.replaceAll('\n ', ';'), skipped: false };
  return { name: file, passed: false, seconds: 0, steps: [step] };
}

/** What a signal left out. That it did not run is no success. */
function notRun({ name, steps }: Scenario): ScenarioResult {
  process.stdout.write(`${name}\n  left out\n`);
  const skipped = steps.map((step) => ({ name: step.name ?? '', seconds: 0, failure: undefined, skipped: true }));
  return { name, passed: false, seconds: 0, steps: skipped };
}

async function runOne(file: string, scenario: Scenario, stop: AbortSignal): Promise<ScenarioResult> {
  process.stdout.write(`${scenario.name}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'mm2ss-scenario-'));
  try {
    const result = await runScenario(scenario, {
      path: file,
      startMultiplexer: (configuration) => readyMultiplexer(configuration, folder),
      onStep: tell,
      stop,
    });
    process.stdout.write(`  ${result.passed ? 'passed' : 'FAILED'} after ${result.seconds.toFixed(1)} s\n`);
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tell({ name, seconds, failure, skipped }: StepResult): void {
  const verdict = skipped ? 'left out' : failure === undefined ? 'ok' : 'FAILED';
  process.stdout.write(`  ${verdict.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s  ${name}\n`);
  if (failure !== undefined) process.stdout.write(`           ${failure}\n`);
}
