/** Users who are changed while their page is open: it says why it is not served, asks no more than makes sense, and goes on by itself. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { afterThese } from './afterwards.ts';
import { CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import { PATIENCE_MS, until } from './programs.ts';
import { type Scene, startScene } from './scene.ts';

/** Longer than the page and its server ask by themselves while all is well. */
const WHILE_MS = 5_000;
const GUESS_MS = 200;

describe.skipIf(!CHROMIUM)('the page of somebody who', () => {
  const afterwards = afterThese();
  let scene: Scene;
  let browser: Browser;
  const lines = new Map<string, string>();

  const put = (): Promise<void> => writeFile(join(scene.directory, 'users'), [...lines.values()].join(''));
  beforeAll(async () => {
    [scene, browser] = await Promise.all([startScene(afterwards), startBrowser(afterwards)]);
  });
  beforeEach(async () => {
    for (const role of ['viewer', 'operator', 'engineer'] as const) lines.set(role, await scene.userLine(role, role));
    await put();
  });

  const open = async (role: 'operator' | 'engineer'): Promise<Page> => {
    const page = await openPage(browser, `${scene.url}/#/group/1`, { credentials: scene.credentials(role) });
    await says(page, '.top', /^live \d\d:/);
    // What the page loads later must not meet the refusal: a browser complains of a style that is none.
    await page.locator('.plot canvas').first().waitFor({ timeout: PATIENCE_MS });
    return page;
  };
  const says = (page: Page, where: string, what: RegExp): Promise<void> =>
    page.locator(where).getByText(what).first().waitFor({ timeout: PATIENCE_MS });
  const asksNothing = async (page: Page): Promise<void> => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await delay(WHILE_MS);
    expect(asked).toEqual([]);
  };

  test('gets another role has the buttons of that one, and goes on', async () => {
    const page = await open('operator');
    const restart = page.getByRole('button', { name: /restart/i });
    await restart.first().waitFor({ timeout: PATIENCE_MS });
    lines.set('operator', await scene.userLine('operator', 'viewer'));
    await put();
    await says(page, '.who', /operator, viewer/);
    await says(page, '.top', /^live \d\d:/);
    await expect.poll(() => restart.count()).toBe(0);
    await closePage(page);
  });

  test.each([
    ['is taken out of the file', undefined],
    ['gets another password', 'another password'],
  ])('%s says so, and does not go on asking', async (_, password) => {
    const page = await open('operator');
    if (password === undefined) lines.delete('operator');
    else lines.set('operator', await scene.userLine('operator', 'operator', password));
    await put();
    await says(page, '.banners', /Not logged in: .*Load the page anew/);
    expect(await page.locator('.banners').innerText()).not.toContain('Connecting again');
    await expect.poll(() => page.getByRole('button', { name: /restart/i }).count()).toBe(0);
    await asksNothing(page);
    // Nor is its refusal saved as if it were the file.
    await page.goto(`${scene.url}/#/logs?group=1`);
    const downloads: string[] = [];
    page.on('download', (download) => downloads.push(download.suggestedFilename()));
    await page.getByRole('button', { name: 'Download' }).click();
    await says(page, '.toast', /Nothing was saved\. Not logged in/);
    expect(downloads).toEqual([]);
    await closePage(page);
  });

  test('is not let in for others who guess is let in when that is over', async () => {
    const page = await open('engineer');
    const before = lines.get('engineer') ?? '';
    lines.set('engineer', await scene.userLine('engineer', 'engineer', 'another password'));
    let number = 0;
    const guess = async (): Promise<number> => {
      const authorization = `Basic ${Buffer.from(`engineer:guess ${number++}`).toString('base64')}`;
      return (await fetch(`${scene.url}/api/v1/session`, { headers: { authorization } })).status;
    };
    await until('guesses are refused', async () => (await guess()) === 429);
    // On a slow machine another guess is granted before the page asks: somebody has to go on.
    const guessing = setInterval(() => void guess().catch(() => undefined), GUESS_MS);
    try {
      await put();
      await says(page, '.banners', /No access for now: .* It is asked again in \d+ s/);
    } finally {
      clearInterval(guessing);
    }
    lines.set('engineer', before);
    await put();
    await says(page, '.top', /^live \d\d:/);
    await says(page, '.who', /engineer, engineer/);
    await closePage(page);
  });
});
