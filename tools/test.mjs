/**
 * Everything that `make test` checks, each step whatever the one before said, then one line: `N passed, N failed`.
 * The numbers are what vitest reports, summed; before it, what failed, and what failed once only. Exit code 1 when a step
 * failed, or when not a single test ran.
 *
 *   node tools/test.mjs            all steps
 *   node tools/test.mjs unit e2e   only these
 *   node tools/test.mjs --long     what takes long: specs called NAME.long.spec.ts, which are left out otherwise
 */
import { spawn } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = path.join(root, 'test-results');
/** Hundreds of processes of the same program are started: each would compile it anew, which is a third of what a start costs. */
process.env.NODE_COMPILE_CACHE ??= path.join(results, 'compile-cache');

const checks = {
  format: ['prettier', ['--check', '--log-level=warn', '.']],
  build: ['nx', ['run-many', '--targets=build,bundle,typecheck', '--outputStyle=static']],
  lint: ['nx', ['run-many', '--targets=lint', '--outputStyle=static']],
};
const LONG = '.long.spec.ts';
const wantsLong = process.argv.includes('--long');
/** The projects of vitest.config.ts, quickest first, with the minutes after which something must be hanging. */
const suites = {
  unit: 20,
  workspace: 5,
  packages: 10,
  chart: 5,
  observability: 5,
  simulation: 10,
  integration: 15,
  interop: 20,
  console: 10,
  e2e: 45,
};
const CHECK_MINUTES = 15;

/** The step's process group: a worker that spins would outlive the runner that started it. */
let running;
function endRunning(signal) {
  try {
    process.kill(-running.pid, signal);
  } catch {
    // It ended by itself.
  }
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (running) endRunning(signal);
    console.error(`\n${signal}: stopped`);
    process.exit(1);
  });
}

/** @returns {Promise<boolean>} whether the command succeeded, in time */
async function run(command, args, limitMinutes, stdio = ['ignore', 'inherit', 'inherit']) {
  const file = command.includes('/') ? command : path.join('node_modules/.bin', command);
  running = spawn(path.join(root, file), args, {
    cwd: root,
    stdio,
    detached: true,
  });
  const limit = setTimeout(() => {
    console.error(`\n${command}: not done after ${limitMinutes} minutes, killed`);
    endRunning('SIGKILL');
  }, limitMinutes * 60_000);
  const status = await new Promise((resolve) => {
    running.once('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(undefined);
    });
    running.once('exit', resolve);
  });
  clearTimeout(limit);
  running = undefined;
  return status === 0;
}

/** Gets the tools that a suite's files ask for, which may take minutes; whether one is missing, the tests say. */
async function prefetchTools(suite) {
  const names = new Set();
  for (const file of globSync(`test/${suite}/**/*.ts`, { cwd: root })) {
    const source = readFileSync(path.join(root, file), 'utf8');
    for (const [, name] of source.matchAll(/requireTool\('([^']+)'\)/g)) names.add(name);
  }
  for (const name of names) await run('tools/get', [name], CHECK_MINUTES, ['ignore', 'ignore', 'inherit']);
}

/**
 * Runs one vitest project, or some of its files.
 * @returns what its report counts, each failure (the file, the name of the test, what was wrong), and how long each file took
 */
async function runProject(suite, files = []) {
  const report = path.join(results, `${suite}${files.length > 0 ? '-again' : ''}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const which = wantsLong ? [LONG] : [`--exclude=**/*${LONG}`];
  const command = [
    'run',
    `--project=${suite}`,
    '--passWithNoTests',
    ...reporters,
    ...(files.length > 0 ? files : which),
  ];
  const ok = await run('vitest', command, suites[suite]);
  let passed = 0;
  let skipped = 0;
  const failures = [];
  const times = [];
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    for (const { name, status: ofFile, message, assertionResults, startTime, endTime } of testResults) {
      const file = path.relative(root, name);
      times.push({ file, seconds: (endTime - startTime) / 1000 });
      const before = failures.length;
      for (const { status, fullName, failureMessages } of assertionResults) {
        if (status === 'passed') passed += 1;
        else if (status === 'failed') failures.push({ file, test: fullName, message: failureMessages.join('\n') });
        else skipped += 1;
      }
      // A file that could not be loaded, or a hook that failed, has no failed test of its own.
      if (ofFile === 'failed' && failures.length === before) failures.push({ file, test: 'the file itself', message });
    }
  } catch (error) {
    console.error(`${suite}: no report (${error.message})`);
  }
  // An error outside any test (an unhandled rejection, a crashed worker).
  if (!ok && failures.length === 0) failures.push({ file: suite, test: 'outside any test', message: 'see above' });
  return { ok, count: { passed, failed: failures.length, skipped }, failures, times };
}

/** Real time, sockets and processes, several files at a time: what else the machine does can make one of them fail. */
const ON_REAL_TIME = ['integration', 'interop', 'console', 'e2e'];
/** More files than this do not fail by chance. */
const MOST_FILES_AGAIN = 3;

/**
 * Runs one suite. Where a few files of one on real time fail, these are run once more, alone, and the second run decides: but
 * what failed in the first is shown at the end, and counted.
 */
async function runSuite(suite) {
  await prefetchTools(suite);
  const first = await runProject(suite);
  const files = [...new Set(first.failures.map(({ file }) => file))];
  const byChance = files.length <= MOST_FILES_AGAIN && files.every((file) => file.endsWith('.spec.ts'));
  if (first.ok || !ON_REAL_TIME.includes(suite) || !byChance) return { ...first, unsteady: [] };
  console.log(`\n=== ${suite}: ${files.join(', ')} once more, alone`);
  const again = await runProject(suite, files);
  const isSame = (one, other) => one.file === other.file && one.test === other.test;
  const unsteady = first.failures.filter((failure) => !again.failures.some((other) => isSame(failure, other)));
  const { passed, failed, skipped } = first.count;
  const stillFailed = again.count.failed;
  const count = { passed: passed + failed - stillFailed, failed: stillFailed, skipped };
  return { ok: again.ok, count, failures: again.failures, unsteady, times: first.times };
}

const LINES_OF_A_FAILURE = 12;
/** What a person needs who sees the end of the output only. */
function showFailures(title, failures) {
  if (failures.length === 0) return;
  console.log(`\n${title}`);
  for (const { file, test, message } of failures) {
    const lines = stripVTControlCharacters(message).split('\n');
    const own = lines.filter((line) => !line.includes('node_modules') && !line.includes('new Promise'));
    console.log(`* ${file}: ${test}\n    ${own.slice(0, LINES_OF_A_FAILURE).join('\n    ')}`);
  }
}

const SLOWEST = 12;
const SLOW_SECONDS = 5;
/** Where the time goes: what takes long belongs into a NAME.long.spec.ts. */
function showSlowest(times) {
  const slowest = times.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  const lines = slowest.filter(({ seconds }) => seconds >= SLOW_SECONDS);
  if (lines.length === 0) return;
  console.log('\nFiles that took longest:');
  for (const { file, seconds } of lines) console.log(`${seconds.toFixed(1).padStart(7)} s  ${file}`);
}

const isThere = (suite) => !wantsLong || globSync(`test/${suite}/**/*${LONG}`, { cwd: root }).length > 0;
const known = [...(wantsLong ? [] : Object.keys(checks)), ...Object.keys(suites).filter(isThere)];
const wanted = process.argv.slice(2).filter((arg) => arg !== '--long');
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}
mkdirSync(results, { recursive: true });

const total = { passed: 0, failed: 0, skipped: 0 };
const summary = [];
const failures = [];
const unsteady = [];
const times = [];
let allOk = true;
for (const name of known.filter((candidate) => wanted.length === 0 || wanted.includes(candidate))) {
  console.log(`\n=== ${name}`);
  const startedMs = performance.now();
  let ok;
  let figures = '';
  if (name in suites) {
    const outcome = await runSuite(name);
    const { count } = outcome;
    ok = outcome.ok;
    failures.push(...outcome.failures);
    unsteady.push(...outcome.unsteady);
    times.push(...outcome.times);
    for (const key of Object.keys(total)) total[key] += count[key];
    figures = `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`;
    if (outcome.unsteady.length > 0) figures += `, ${outcome.unsteady.length} failed once and passed alone`;
  } else {
    ok = await run(...checks[name], CHECK_MINUTES);
  }
  allOk &&= ok;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  summary.push(`${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(12)} ${seconds.padStart(7)} s  ${figures}`.trimEnd());
}

const testsWanted = wanted.length === 0 || wanted.some((name) => name in suites);
if (testsWanted && total.passed + total.failed === 0) {
  summary.push('FAILED no test ran');
  allOk = false;
}
showFailures('Failed:', failures);
showFailures('Failed once, and passed when run again alone (look into these):', unsteady);
showSlowest(times);
console.log(`\n${summary.join('\n')}\n`);
if (testsWanted) {
  const others = [
    total.skipped > 0 && `${total.skipped} skipped`,
    unsteady.length > 0 && `${unsteady.length} unsteady`,
  ];
  console.log([`${total.passed} passed, ${total.failed} failed`, ...others.filter(Boolean)].join(', '));
}
process.exitCode = allOk ? 0 : 1;
