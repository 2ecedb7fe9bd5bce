import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { backupOf, MOST_BACKUPS, removeOldBackups } from './backups.js';

it('keeps the newest copies of a file, and everything that is not one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mm2ss-backups-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'groups.csv');
  const stamp = (day: number): string => `2026-11-${String(day).padStart(2, '0')}T01-02-03-456Z`;
  const others = ['groups.csv', 'groups.csv.bak', 'groups.csv.old.bak', 'groups.csv.2026-11-01.bak'];
  const ofAnother = `groups.csv.csv.${stamp(1)}.bak`;
  for (const name of [...others, ofAnother]) writeFileSync(join(folder, name), '');
  for (let day = 1; day <= MOST_BACKUPS + 3; day++) writeFileSync(backupOf(path, stamp(day)), '');
  await removeOldBackups(path);
  const kept = Array.from({ length: MOST_BACKUPS }, (_, index) => `groups.csv.${stamp(index + 4)}.bak`);
  expect(readdirSync(folder).sort()).toEqual([...others, ofAnother, ...kept].sort());
});
