/** Many tabs of one browser, and addresses and filters that make no sense. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterThese } from './afterwards.ts';
import { CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import { PATIENCE_MS, until } from './programs.ts';
import { type Scene, startScene } from './scene.ts';

/** More than a browser has connections for one address. */
const TABS = 8;

describe.skipIf(!CHROMIUM)('the console in many tabs', () => {
  const afterwards = afterThese();
  let scene: Scene;
  let browser: Browser;

  beforeAll(async () => {
    [scene, browser] = await Promise.all([startScene(afterwards), startBrowser(afterwards)]);
  });

  const live = (page: Page) =>
    page
      .locator('.top')
      .getByText(/^live \d\d:/)
      .waitFor({ timeout: PATIENCE_MS });

  /** A tab that nobody sees, as far as the page can tell: in a browser without windows all are seen. */
  async function hiddenTab(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.addInitScript(() => {
      let hidden = true;
      Object.defineProperty(document, 'hidden', { get: () => hidden });
      addEventListener('see', () => {
        hidden = false;
        document.dispatchEvent(new Event('visibilitychange'));
      });
    });
    await page.goto(`${scene.url}/#/groups`, { timeout: PATIENCE_MS });
    await live(page);
    return page;
  }

  test('works in more of them than a browser has connections, and a tab is live when one looks at it', async () => {
    const first = await openPage(browser, `${scene.url}/#/groups`, { credentials: scene.credentials('operator') });
    await live(first);
    const tabs: Page[] = [];
    for (let count = 0; count < TABS; count++) tabs.push(await hiddenTab(first.context()));
    // One stream is left, that of the tab that is seen.
    const open = async (): Promise<number> => {
      const answer = await first.evaluate(async () => (await fetch('./api/v1/system')).text());
      return (JSON.parse(answer) as { streams: number }).streams;
    };
    await until('streams of hidden tabs are given back', async () => (await open()) <= 2);
    await scene.rtus.order(1, 'offline');
    await until('it is lost', async () => (await scene.row('1')).state !== 'started');
    const seen = tabs[3] as Page;
    await seen.evaluate(() => dispatchEvent(new Event('see')));
    await seen
      .locator('tr[data-id="1"] .c-state')
      .getByText(/down|connecting/)
      .waitFor({ timeout: PATIENCE_MS });
    await scene.rtus.order(1, 'online');
    await seen.locator('tr[data-id="1"] .c-state').getByText('started').waitFor({ timeout: PATIENCE_MS });
    await closePage(first);
  });

  const WRONG: readonly (readonly [string, RegExp])[] = [
    ['#/traffic?group=1&ca=abc', /ca abc: not a common address/],
    ['#/traffic?group=1&type=M_XX', /there is no such type/],
    ['#/traffic?group=1&cause=nothing', /there is no such cause/],
    ['#/traffic?group=x', /there is no group x/],
    ['#/group/__proto__', /There is no group __proto__/],
    ['#/group/%E0%A4%A', /There is no group/],
    ['#/logs?group=999', /There is no group 999/],
    ['#/logs?group=a,b,c', /There is no group/],
    ['#/compare?a=x&b=y', /There is no group x/],
    ['#/edit/999', /no group 999/],
    ['#/commands?since=yesterday', /since: 90s/],
    ['#/commands?group=x', /No command fits/],
  ];

  test('says what is wrong at addresses that make no sense, and is live', async () => {
    const page = await openPage(browser, scene.url, { credentials: scene.credentials('viewer') });
    for (const [path, said] of WRONG) {
      await page.goto(`${scene.url}/${path}`);
      await page.locator('main').getByText(said).first().waitFor({ timeout: PATIENCE_MS });
      await live(page);
      expect([path, await page.locator('.banner').count()]).toEqual([path, 0]);
      expect([path, await page.locator('h1').count()]).toEqual([path, 1]);
    }
    await closePage(page);
  });
});
