import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { RULES } from '../accounts/violations.ts';
import { apply, DEFECTS, ROOT } from './defects.mjs';
import { STORIES } from './stories.ts';

describe('defects that are put back', () => {
  it('have an id each', () => {
    expect(new Set(DEFECTS.map(({ id }) => id)).size).toBe(DEFECTS.length);
  });

  describe.each(DEFECTS)('$id', ({ patches, rules, story }) => {
    const files = [...new Set(patches.map(({ file }) => file))];

    it.each(files)('changes %s of today and leaves valid TypeScript', (file) => {
      expect(existsSync(ROOT + file)).toBe(true);
      const text = readFileSync(ROOT + file, 'utf8');
      const changed = apply(patches, file, text);
      expect(changed).not.toBe(text);
      const { diagnostics } = ts.transpileModule(changed, {
        fileName: file,
        reportDiagnostics: true,
        compilerOptions: { target: ts.ScriptTarget.ES2024, experimentalDecorators: true },
      });
      expect(diagnostics?.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
    });

    it('is expected to be found by accounts that exist, or by a story of its own', () => {
      for (const rule of rules) expect(Object.keys(RULES)).toContain(rule);
      expect(story === undefined ? rules.length : Object.keys(STORIES).includes(story)).toBeTruthy();
    });
  });

  it('refuses a patch whose place is not there exactly once', () => {
    const patches = [{ file: 'a.ts', find: 'x', replace: 'y' }];
    expect(() => apply(patches, 'a.ts', 'x + x')).toThrow('2 times');
    expect(() => apply(patches, 'a.ts', 'z')).toThrow('0 times');
    expect(apply(patches, 'b.ts', 'z')).toBe('z');
  });
});
