/**
 * The second half of `make fuzz`: every spec with properties, over and over with new seeds, for FUZZ_SECONDS (60); ends at the first failure.
 * fast-check prints the seed and the path of a counterexample, which reproduce it.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const seconds = Number(process.env.FUZZ_SECONDS ?? 60);
if (!(seconds > 0)) throw new Error(`FUZZ_SECONDS is ${process.env.FUZZ_SECONDS}, not a number of seconds`);

const specs = globSync('{libs,services,apps}/*/src/**/*.spec.ts', { cwd: root }).filter((file) =>
  readFileSync(path.join(root, file), 'utf8').includes("from 'fast-check'"),
);
if (specs.length === 0) throw new Error('no spec imports fast-check');
console.log(`${seconds} s of properties from:\n  ${specs.join('\n  ')}`);

const untilMs = performance.now() + seconds * 1000;
let rounds = 0;
do {
  const { status, stdout, stderr } = spawnSync(
    path.join(root, 'node_modules/.bin/vitest'),
    ['run', '--project=unit', '--reporter=dot', ...specs],
    { cwd: root, encoding: 'utf8' },
  );
  rounds += 1;
  if (status !== 0) {
    console.log(stdout, stderr, `\nfailed in round ${rounds}`);
    process.exit(1);
  }
} while (performance.now() < untilMs);
console.log(`${rounds} rounds, nothing found`);
