import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../commands/errors.js';
import { BearerTokens, readTokens } from './bearer-tokens.js';

const OLD = '0123456789abcdef0123456789abcdef';
const NEW = 'fedcba9876543210-._~+/==';

describe('bearer tokens of a file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mm2ss-token-'));
    path = join(folder, 'token');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    ['one', `${OLD}\n`, [OLD]],
    ['without a line end', OLD, [OLD]],
    ['several, with comments', `# old\r\n${OLD}\r\n\r\n  ${NEW}  \n`, [OLD, NEW]],
  ])('are read: %s', (_what, text, tokens) => {
    writeFileSync(path, text);
    expect(readTokens(path)).toEqual(tokens);
  });

  it.each([
    ['nothing', '\n'],
    ['a short one', 'secret\n'],
    ['one with a blank', `${OLD} x\n`],
    ['a good one and a bad one', `${OLD}\nsecret\n`],
  ])('a file with %s is refused, and nothing of it repeated', (_what, text) => {
    writeFileSync(path, text);
    expect(() => readTokens(path)).toThrow(UsageError);
    expect(() => readTokens(path)).not.toThrow(/secret|0123456789/);
  });

  it('only a whole token of the file is taken, in the form of RFC 6750', () => {
    writeFileSync(path, `${OLD}\n${NEW}\n`);
    const tokens = new BearerTokens(path, { now: () => 0 }, () => undefined);
    for (const good of [`Bearer ${OLD}`, `bearer  ${NEW}`])
      expect([good, tokens.refusal(good)]).toEqual([good, undefined]);
    for (const bad of [`Bearer ${OLD}0`, `Bearer ${OLD.slice(1)}`, 'Bearer x', `Bearer ${OLD.toUpperCase()}`]) {
      expect([bad, tokens.refusal(bad)]).toEqual([bad, 'wrong_token']);
    }
    for (const none of [undefined, '', 'Bearer', 'Bearer ', `Basic ${OLD}`, OLD, `Bearer ${OLD} ${NEW}`]) {
      expect([none, tokens.refusal(none)]).toEqual([none, 'no_token']);
    }
  });

  it('a file that changes counts a second later; one that cannot be read changes nothing, which is told once', () => {
    let now = 0;
    const troubles: string[] = [];
    writeFileSync(path, OLD);
    const tokens = new BearerTokens(path, { now: () => now }, (reason) => troubles.push(reason));
    writeFileSync(path, NEW);
    now = 1_000;
    expect([OLD, NEW].map((token) => tokens.refusal(`Bearer ${token}`))).toEqual(['wrong_token', undefined]);
    rmSync(path);
    for (let i = 0; i < 3; i++) {
      now += 1_000;
      expect(tokens.refusal(`Bearer ${NEW}`)).toBeUndefined();
    }
    expect(troubles).toEqual([expect.stringContaining('ENOENT')]);
  });
});
