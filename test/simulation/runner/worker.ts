import { generate } from '../scenario/generate.ts';
import { runStory } from '../system/run-story.ts';

/** `worker.ts FROM COUNT STEP`: plays every STEP-th story from FROM on and prints a line of JSON for each. See simulate.ts. */
const [from = 1, count = 1, step = 1] = process.argv.slice(2).map(Number);

export interface WorkerLine {
  readonly seed: number;
  readonly simulatedMs: number;
  readonly violations: readonly string[];
}

for (let i = 0; i < count; i++) {
  const seed = from + i * step;
  const { simulatedMs, violations } = await runStory(generate(seed));
  const line: WorkerLine = {
    seed,
    simulatedMs,
    violations: violations.map(({ rule, detail }) => `${rule}: ${detail}`),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
