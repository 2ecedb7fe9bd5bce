/** Tools that tests need besides npm packages: see tools/get. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const get = fileURLToPath(new URL('get', import.meta.url));
const answers = new Map();

/**
 * The path of a tool, fetched by `tools/get NAME` if need be; undefined when it cannot be had on this machine, said
 * loudly, so that the tests which need it are skipped: `describe.skipIf(!requireTool('tshark'))`.
 * With CI=true in the environment nothing is skipped: it throws.
 *
 * @param {string} name a name of `tools/get --list`
 * @returns {string | undefined}
 */
export function requireTool(name) {
  if (answers.has(name)) return answers.get(name);
  const { status, stdout, error } = spawnSync(get, [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const path = status === 0 ? stdout.trim() : undefined;
  if (path === undefined) {
    const what = `the tool '${name}' is missing${error ? ` (${error.message})` : ''}`;
    if (isCi()) throw new Error(`${what}, and under CI=true nothing is skipped`);
    process.stderr.write(`\n!!! SKIPPED: ${what}; the tests that need it do not run.\n\n`);
  }
  answers.set(name, path);
  return path;
}

/** Whether a missing tool is a failure rather than a skipped test. */
export function isCi() {
  return /^(1|true|yes)$/i.test(process.env.CI ?? '');
}
