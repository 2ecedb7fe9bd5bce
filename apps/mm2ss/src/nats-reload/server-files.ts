import { createHash } from 'node:crypto';
import { lstat, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** What a configuration of nats-server says, with all files that belong to it. */
export interface ServerFiles {
  /** Another one: something has changed. */
  readonly digest: string;
  /** Somebody has to say who he is. */
  readonly asksWho: boolean;
  /** When the last of them was changed, ms since 1970-01-01 UTC. */
  readonly changedAt: number;
  /** Names of its blocks, the accounts among them. */
  readonly blocks: () => ReadonlySet<string>;
  /** Why it is not handed to the server. */
  readonly fault: string | undefined;
}

const INCLUDE = /^[ \t]*include[ \t]+(?:"([^"\n]+)"|'([^'\n]+)'|([^\s"';]+))/gm;
const COMMENT = /(?:^|(?<=[\s,;{[(]))(?:#|\/\/).*$/gm;
/** Blocks without which the server believes everybody. */
const ASKS = /(?:^|[\s,;{])["']?(?:authorization|accounts|operator|resolver|auth_callout)["']?\s*[:={]/;
/** What stands before a brace. */
const BLOCK = /["']?([\w.$-]+)["']?[ \t]*[:=]?[ \t]*\{/g;
/** Kubernetes puts changed files beside the old ones, and then this link in the place of another. */
const KUBERNETES_LINK = '..data';
/** A file that includes itself is read no deeper. */
const DEEPEST = 8;

/**
 * Reads a configuration and what it includes.
 *
 * @param others files it names in another way, such as certificates: only whether they change counts
 */
export async function readServerFiles(path: string, others: readonly string[]): Promise<ServerFiles> {
  const hash = createHash('sha256');
  const faults: string[] = [];
  let text = '';
  let changedAt = 0;
  const noteChange = async (file: string): Promise<void> => {
    const times = [lstat(join(dirname(file), KUBERNETES_LINK)), stat(file)].map((each) =>
      each.then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    );
    changedAt = Math.max(changedAt, ...(await Promise.all(times)));
  };
  const read = async (file: string, depth: number): Promise<void> => {
    const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      faults.push(`${file} cannot be read (${error.code})`);
      return '';
    });
    hash.update(`${file}\0${content}\0`);
    await noteChange(file);
    if (depth > DEEPEST) faults.push(`${file} includes too many files, one in the other`);
    const bare = content.replace(COMMENT, '');
    text += `${bare}\n`;
    if (depth > DEEPEST) return;
    for (const [, double, single, plain] of bare.matchAll(INCLUDE)) {
      await read(resolve(dirname(file), double ?? single ?? plain ?? ''), depth + 1);
    }
  };
  await read(path, 0);
  for (const other of others) {
    await noteChange(other);
    hash.update(await readFile(other).catch((error: NodeJS.ErrnoException) => `${error.code}`));
  }
  if (faults.length === 0 && text.trim() === '') faults.push(`${path} is empty`);
  return {
    digest: hash.digest('hex'),
    asksWho: ASKS.test(text),
    changedAt,
    blocks: () => new Set([...text.matchAll(BLOCK)].map(([, name = '']) => name)),
    fault: faults[0],
  };
}
