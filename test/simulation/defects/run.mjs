/**
 * `node run.mjs [DEFECT] [SEEDS]`: puts each defect back and looks for the first seed that finds it: one with a violation of
 * an expected account that the same story does not have without the patch. Exit code 1 when a defect is not found.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { DEFECTS, defectOf, ROOT } from './defects.mjs';

const [only = '', seeds = '200'] = process.argv.slice(2);
const limit = Number(seeds);
/** A defect may keep a process busy for ever. */
const STORY_LIMIT_MS = 60_000;

/** Plays stories `from..to` in a process of their own; resolves with what was found, and how many were played. */
function play(id, isPatched, from, to) {
  const child = spawn(
    process.execPath,
    [
      ...['--enable-source-maps', '--conditions=@iec104mm2ss/source', '--import', './test/simulation/runner/sources.mjs'],
      ...['test/simulation/defects/try.ts', id, String(from), String(to)],
    ],
    { cwd: ROOT, env: { ...process.env, SIM_DEFECT: isPatched ? id : '' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  return new Promise((resolve, reject) => {
    let last = { seed: from - 1, found: [] };
    let played = 0;
    let timer;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        child.kill('SIGKILL');
        resolve({ played: played + 1, seed: last.seed + 1, found: [`hangs: a story after seed ${last.seed} does not end`] });
      }, STORY_LIMIT_MS);
    };
    watch();
    createInterface({ input: child.stdout }).on('line', (line) => {
      last = JSON.parse(line);
      played++;
      watch();
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve({ played, ...last });
      else if (code !== null) reject(new Error(`${id}: exit code ${code}\n${errors.slice(-2_000)}`));
    });
  });
}

/** Same account: that is what the story says without the patch, too. */
const rulesOf = (found) => new Set(found.map((text) => text.split(':')[0]));

async function find(defect) {
  let played = 0;
  for (let from = 1; from <= limit; ) {
    const result = await play(defect.id, true, from, limit);
    played += result.played;
    if (result.found.length === 0) break;
    const without = rulesOf((await play(defect.id, false, result.seed, result.seed)).found);
    const found = result.found.find((text) => !without.has(text.split(':')[0]));
    if (found !== undefined) return { played, seed: result.seed, found };
    if (defect.story !== undefined) break;
    from = result.seed + 1;
  }
  return { played, seed: undefined, found: 'NOT FOUND' };
}

let missing = 0;
process.stdout.write('| defect | stories played | found by | account |\n| --- | --- | --- | --- |\n');
for (const defect of only === '' ? DEFECTS : only.split(',').map(defectOf)) {
  const { played, seed, found } = await find(defect);
  const by = seed === undefined ? '-' : defect.story === undefined ? `seed ${seed}` : `story ${defect.story}`;
  process.stdout.write(`| ${defect.id} | ${played} | ${by} | ${found.slice(0, 160)} |\n`);
  if (seed === undefined) missing++;
}
process.exitCode = missing === 0 ? 0 : 1;
