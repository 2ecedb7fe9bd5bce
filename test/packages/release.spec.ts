import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { sectionOf } from '../../packaging/changelog.mjs';
import { debianVersion, windowsVersion } from '../../packaging/versions.mjs';

const root = resolve(import.meta.dirname, '../..');
const CHANGELOG = `# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-01-02\n\n### Added\n\n- A [b](c).\n\n## [1.1.0]\n\n- Old.\n`;

it.each([
  ['1.2.0', '### Added\n\n- A [b](c).\n'],
  ['1.1.0', '- Old.\n'],
  ['1.2', undefined],
  ['Unreleased', undefined],
])('the changes of %s are those under its heading', (version, expected) => {
  expect(sectionOf(CHANGELOG, version)).toBe(expected);
});

it.each([
  ['1.2.3', '1.2.3', [1, 2, 3, 0]],
  ['1.2.3-rc.1', '1.2.3~rc.1', [1, 2, 3, 0]],
])('version %s is %s for Debian', (version, debian, windows) => {
  expect(debianVersion(version)).toBe(debian);
  expect(windowsVersion(version)).toEqual(windows);
});

it('the changelog has a section for what comes next, or for this version', () => {
  const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string };
  const text = readFileSync(resolve(root, 'CHANGELOG.md'), 'utf8');
  expect(sectionOf(text, 'Unreleased') ?? sectionOf(text, version)).toMatch(/^- /m);
});

it('the workflow runs the tests and the release, with actions that are pinned', () => {
  const text = readFileSync(resolve(root, '.github/workflows/ci.yml'), 'utf8');
  const { jobs } = parse(text) as {
    jobs: Record<string, { steps: { uses?: string; run?: string }[]; needs?: string[] }>;
  };
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/@[0-9a-f]{40}$/);
  expect(jobs['test']?.steps.map(({ run }) => run)).toContain('make test');
  expect(jobs['release']?.needs).toEqual(['test', 'test-long']);
  expect(jobs['release']?.steps.some(({ run }) => run?.includes('make release'))).toBe(true);
});
