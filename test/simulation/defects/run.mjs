/**
 * `node run.mjs [DEFECT,DEFECT...] [SEEDS] [story]`: puts each defect back and looks for a story that finds it: one with a
 * violation of an expected account that the same story does not have without the patch. That is the first of so many seeds, or
 * if none of them finds it the defect's own story, if it has one; with `story` that one only. Exit code 1 when a defect is not
 * found.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { DEFECTS, defectOf, ROOT } from './defects.mjs';

const parameters = process.argv.slice(2);
const limit = Number(parameters.find((each) => /^\d+$/.test(each)) ?? 200);
const onlyStory = parameters.includes('story');
const only = parameters.find((each) => each !== 'story' && !/^\d+$/.test(each)) ?? '';
/** A defect may keep a process busy for ever. */
const STORY_LIMIT_MS = 60_000;

/** Plays stories `from..to` in a process of their own; resolves with what was found, and how many were played. */
function play(id, isPatched, from, to) {
  const child = spawn(
    process.execPath,
    [
      ...[
        '--enable-source-maps',
        '--conditions=@iec104mm2ss/source',
        '--import',
        './test/simulation/runner/sources.mjs',
      ],
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
        resolve({
          played: played + 1,
          seed: last.seed + 1,
          found: [`hangs: a story after seed ${last.seed} does not end`],
        });
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

/** The first of the stories `from..to` that has what the same story has not without the patch. */
async function search(id, from, to) {
  const { found, ...result } = await play(id, true, from, to);
  if (found.length === 0) return result;
  const without = rulesOf((await play(id, false, result.seed === 0 ? from : result.seed, result.seed)).found);
  return { ...result, text: found.find((text) => !without.has(text.split(':')[0])), more: true };
}

async function find({ id, story }) {
  let played = 0;
  for (let from = 1; from <= limit && !(onlyStory && story !== undefined);) {
    const result = await search(id, from, limit);
    played += result.played;
    if (result.text !== undefined) return { played, by: `seed ${result.seed}`, text: result.text };
    if (result.more !== true) break;
    from = result.seed + 1;
  }
  if (story === undefined) return { played, by: undefined, text: undefined };
  const { text } = await search(id, 'story', 'story');
  return { played, by: text === undefined ? undefined : `story ${story}`, text };
}

let missing = 0;
process.stdout.write('| defect | stories played | found by | account |\n| --- | --- | --- | --- |\n');
for (const defect of only === '' ? DEFECTS : only.split(',').map(defectOf)) {
  const { played, by = '-', text = 'NOT FOUND' } = await find(defect);
  process.stdout.write(`| ${defect.id} | ${played} | ${by} | ${text.slice(0, 160)} |\n`);
  if (by === '-') missing++;
}
process.exitCode = missing === 0 ? 0 : 1;
