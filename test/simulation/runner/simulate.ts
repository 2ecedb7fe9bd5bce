import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { generate } from '../scenario/generate.ts';
import { select } from '../scenario/select.ts';
import { runStory } from '../system/run-story.ts';
import { cast, failureText, lineText } from './report.ts';
import { shrink } from './shrink.ts';
import type { WorkerLine } from './worker.ts';

/*
 * `make simulate`: by environment,
 *   SEEDS=1000 FROM=1 JOBS=2   plays so many stories and shortens what fails
 *   SEED=7 KEEP=f1,m2,...      plays one, or a part of it; STORY=all shows everything that happened in it
 * Exit code 1 when a story fails, 2 when it is not understood what is wanted.
 */
const SHRINK_MS = 120_000;
/** A story that does not end is ended. */
const STORY_LIMIT_MS = 120_000;
/** Failing stories that are shortened and shown. */
const MOST_SHOWN = 3;
const PROGRESS_MS = 1_000;
/** Where nobody looks at a terminal. */
const QUIET_PROGRESS_MS = 30_000;
const HANGS = 'the story does not end';

const { SEEDS, SEED, FROM, JOBS, KEEP, STORY } = process.env;

function number(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`${name}=${text} is no positive number`);
  process.exit(2);
}

async function playOne(seed: number): Promise<number> {
  const whole = generate(seed);
  const isPart = KEEP !== undefined && KEEP !== '';
  const scenario = isPart ? select(whole, new Set(KEEP.split(','))) : whole;
  if (STORY === 'all') {
    console.log(cast(scenario).join('\n'));
    const { story, violations, hash } = await runStory(scenario, true);
    for (const line of story) console.log(lineText(line));
    console.log(`seed ${seed}: ${violations.length === 0 ? 'holds' : 'FAILS'}, hash ${hash}`);
    return violations.length === 0 ? 0 : 1;
  }
  const shrunk = await shrink(scenario, isPart ? 0 : SHRINK_MS);
  console.log(shrunk === undefined ? `seed ${seed} holds` : failureText(shrunk, whole));
  return shrunk === undefined ? 0 : 1;
}

async function playMany(seeds: number, from: number, jobs: number): Promise<number> {
  const began = performance.now();
  const failed = new Map<number, string>();
  let played = 0;
  let simulatedMs = 0;
  let saidAt = began;
  const progress = (): string => {
    const elapsedS = (performance.now() - began) / 1_000;
    const hours = (simulatedMs / 3_600_000).toFixed(1);
    return `${played} of ${seeds} seeds, ${(played / elapsedS).toFixed(1)}/s, ${failed.size} failed, ${hours} simulated hours`;
  };
  const timer = setInterval(() => {
    if (process.stderr.isTTY) process.stderr.write(`\r${progress()} `);
    else if (performance.now() - saidAt > QUIET_PROGRESS_MS) {
      saidAt = performance.now();
      process.stderr.write(`${progress()}\n`);
    }
  }, PROGRESS_MS);
  const onLine = (line: WorkerLine): void => {
    played++;
    simulatedMs += line.simulatedMs;
    const [violation] = line.violations;
    if (violation === undefined) return;
    failed.set(line.seed, violation);
    process.stderr.write(`\nseed ${line.seed}: ${violation}\n`);
  };
  const lanes = Math.min(jobs, seeds);
  await Promise.all(
    Array.from({ length: lanes }, (_, lane) => playLane(from + lane, Math.ceil((seeds - lane) / lanes), lanes, onLine)),
  );
  clearInterval(timer);
  console.log(`\n${progress()}`);
  for (const seed of [...failed.keys()].sort((a, b) => a - b).slice(0, MOST_SHOWN)) {
    const whole = generate(seed);
    const shrunk = failed.get(seed)?.startsWith(HANGS) === true ? undefined : await shrink(whole, SHRINK_MS);
    console.log(`\n${shrunk === undefined ? `seed ${seed}: ${failed.get(seed)}` : failureText(shrunk, whole)}`);
  }
  if (failed.size > MOST_SHOWN)
    console.log(
      `\nalso: ${[...failed.keys()]
        .sort((a, b) => a - b)
        .slice(MOST_SHOWN)
        .join(' ')}`,
    );
  return failed.size === 0 ? 0 : 1;
}

/** Plays every `step`-th story in a process of its own; one that does not end is given up, and the next one goes on. */
async function playLane(from: number, count: number, step: number, onLine: (line: WorkerLine) => void): Promise<void> {
  for (let done = 0; done < count;) {
    const first = from + done * step;
    done += await playUntilItHangs(first, count - done, step, onLine);
    if (done >= count) return;
    onLine({ seed: from + done * step, simulatedMs: 0, violations: [`${HANGS} within ${STORY_LIMIT_MS / 1_000} s`] });
    done++;
  }
}

/** @returns how many stories ended */
function playUntilItHangs(
  from: number,
  count: number,
  step: number,
  onLine: (line: WorkerLine) => void,
): Promise<number> {
  const worker = fileURLToPath(new URL('worker.ts', import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, worker, ...[from, count, step].map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let ended = 0;
    let limit: NodeJS.Timeout | undefined;
    const watch = (): void => {
      clearTimeout(limit);
      limit = setTimeout(() => child.kill('SIGKILL'), STORY_LIMIT_MS);
    };
    watch();
    createInterface({ input: child.stdout }).on('line', (line) => {
      ended++;
      watch();
      onLine(JSON.parse(line) as WorkerLine);
    });
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      if (code === 0 || signal === 'SIGKILL') resolve(ended);
      else reject(new Error(`a worker ended with exit code ${code}`));
    });
  });
}

if (SEED !== undefined && SEED !== '') process.exitCode = await playOne(number('SEED', SEED));
else
  process.exitCode = await playMany(
    number('SEEDS', SEEDS || '300'),
    number('FROM', FROM || '1'),
    number('JOBS', JOBS || '2'),
  );
