/// <reference lib="dom" />
/** A list of many groups, with names that nobody would give and filters that nobody would type. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { afterThese } from './afterwards.ts';
import { CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import { csvOf, PATIENCE_MS, Program, RTU_HOST, temporaryFolder } from './programs.ts';

const GROUPS = 200;
/** Right to left, marks upon marks, wide, HTML, what a spreadsheet would compute. Sixteen characters at most. */
const NAMES = [
  'محطة الشمال',
  'e\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309',
  '㊙'.repeat(16),
  '<b>&amp;"\'',
  '=1+1',
];
/** Drawn of a group out of sight: id, name, port, RTU number, endpoint. */
const LASTING = 5;
const ALL = 15;

describe.skipIf(!CHROMIUM)('the list of groups', () => {
  const afterwards = afterThese();
  let browser: Browser;
  let url: string;

  async function start(rows: string): Promise<string> {
    const directory = await temporaryFolder(afterwards);
    await writeFile(join(directory, 'groups.csv'), rows);
    const address = `127.0.0.1:${await freePort()}`;
    const args = ['run', '-i', 'groups.csv', '--http', `127.0.0.1:${await freePort()}`, '--console', address];
    await new Program(args, directory, afterwards).answers(`http://${address}/api/v1/session`);
    return `http://${address}`;
  }

  beforeAll(async () => {
    browser = await startBrowser(afterwards);
    // Their RTUs are nowhere, so no port of theirs is ever listened at.
    const rows = Array.from({ length: GROUPS }, (_, index) => ({
      'sys name': NAMES[index] ?? `Far ${index + 1}`,
      'port no': 40_000 + index,
      'rtu no': index + 1,
      hosts: `${RTU_HOST}:1`,
    }));
    url = await start(csvOf(rows));
  });

  test('has all groups; of those out of sight what the browser can find, and the rest when one gets there', async () => {
    const page = await openPage(browser, `${url}/#/groups?sort=id`);
    const rows = page.locator('tr[data-id]');
    await expect.poll(() => rows.count(), { timeout: PATIENCE_MS }).toBe(GROUPS);
    const last = page.locator(`tr[data-id="${GROUPS}"]`);
    await expect.poll(() => page.locator('tr[data-id="1"] td').count()).toBe(ALL);
    expect(await last.locator('td').count()).toBe(LASTING);
    // As Ctrl+F does, which goes there as well.
    const found = await page.evaluate((name) => {
      const { find } = window as unknown as { find: (text: string) => boolean };
      if (!find.call(window, name)) return undefined;
      const row = getSelection()?.anchorNode?.parentElement?.closest('tr');
      row?.scrollIntoView();
      return row?.dataset['id'];
    }, `Far ${GROUPS}`);
    expect(found).toBe(String(GROUPS));
    await expect.poll(() => last.locator('td').count()).toBe(ALL);
    await last.getByText(/connecting|down/).waitFor();
    await expect.poll(() => page.locator('tr[data-id="1"] td').count()).toBe(LASTING);
    await closePage(page);
  });

  test('is walked through by keys to its end, which is scrolled to', async () => {
    const page = await openPage(browser, `${url}/#/groups?sort=-id`);
    await expect.poll(() => page.locator('tr[data-id]').count(), { timeout: PATIENCE_MS }).toBe(GROUPS);
    // From nowhere backwards: the last one.
    await page.keyboard.press('k');
    const current = page.locator('tr[aria-current]');
    await expect.poll(() => current.getAttribute('data-id')).toBe('1');
    await expect.poll(() => current.evaluate((row) => row.getBoundingClientRect().bottom <= innerHeight)).toBe(true);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toContain('#/group/1');
    // Whoever comes back is where he was.
    await page.getByRole('heading', { level: 1, name: NAMES[0] as string }).waitFor({ timeout: PATIENCE_MS });
    await page.keyboard.press('u');
    await expect.poll(() => page.url()).toContain('#/groups');
    await expect
      .poll(() => current.evaluate((row) => row.getBoundingClientRect().bottom <= innerHeight).catch(() => false))
      .toBe(true);
    await closePage(page);
  });

  test('has rows of one height, whatever they are called', async () => {
    const page = await openPage(browser, `${url}/#/groups?sort=id`);
    await page.locator('tr[data-id="6"]').getByText('Far 6').waitFor({ timeout: PATIENCE_MS });
    const heights = await page
      .locator('tr[data-id]')
      .evaluateAll((rows, count) => rows.slice(0, count).map((row) => row.clientHeight), NAMES.length + 1);
    expect(new Set(heights).size).toBe(1);
    for (const [index, name] of NAMES.entries())
      expect(await page.locator(`tr[data-id="${index + 1}"] .c-name`).innerText()).toBe(name);
    await closePage(page);
  });

  test('is empty for a filter as long as a book, and all there without it', async () => {
    const page = await openPage(browser, `${url}/#/groups?filter=${'nothing+'.repeat(2_000)}`);
    await page.getByText('No group matches').waitFor({ timeout: PATIENCE_MS });
    await page.getByRole('button', { name: 'Show all' }).click();
    await expect.poll(() => page.locator('tr[data-id]').count()).toBe(GROUPS);
    await page.keyboard.press('/');
    await page.getByRole('searchbox').fill('(.*[far\\ %00 \u202e');
    await page.getByText('No group matches').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('tr[data-id]').count()).toBe(GROUPS);
    await page.goto(`${url}/#/groups?show=constructor,rtu-down&sort=__proto__`);
    await expect.poll(() => page.locator('tr[data-id]').count()).toBe(GROUPS);
    await closePage(page);
  });
});
