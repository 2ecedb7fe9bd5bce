/** What is seldom seen: many tabs of one browser, addresses that make no sense, dialogs, faults. axe finds nothing there either. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterThese } from './afterwards.ts';
import { accessibilityFaults, CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import { PATIENCE_MS, until } from './programs.ts';
import { type Scene, startScene } from './scene.ts';

/** More than a browser has connections for one address. */
const TABS = 8;

describe.skipIf(!CHROMIUM)('the console', () => {
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

  test('works in more tabs than a browser has connections, and one is live when one looks at it', async () => {
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

  /** What is done at an address, and what is seen then. */
  const STATES: readonly (readonly [string, (page: Page) => Promise<unknown>, RegExp])[] = [
    ['#/groups', (page) => page.keyboard.press('?'), /These keys are on/],
    ['#/groups?filter=nothing', () => Promise.resolve(), /No group matches/],
    ['#/groups?sort=id', (page) => press(page, 'jc'), /is marked/],
    ['#/groups', (page) => page.getByRole('button', { name: 'Unconfirmed' }).hover(), /Events that no master/],
    ['#/group/1', (page) => press(page, 'r'), /Closes 1 master/],
    ['#/group/1', (page) => press(page, 'n'), /the only host/],
    ['#/group/1', (page) => page.getByRole('button', { name: 'Disconnect' }).click(), /No other master notices/],
    ['#/edit/1', (page) => page.getByLabel('t1').first().fill('soon'), /not a whole number/],
    ['#/edit/2', (page) => page.getByLabel('hosts').fill('127.0.0.2:1'), /closes the link to the RTU/i],
    ['#/edit/2', (page) => page.getByRole('button', { name: 'Apply and save' }).click(), /The file is written/],
    ['#/logs?group=1', (page) => page.getByLabel('Filter lines').fill('nothing of this'), /No line matches/],
    ['#/compare?a=1&b=2', (page) => page.getByRole('log').first().getByRole('button').first().click(), /Line at/],
    ['#/changes?filter=nothing+of+this', () => scene.post('/groups/2/restart'), /No change matches/],
    ['#/commands?outcome=nothing', () => Promise.resolve(), /No command fits/],
    ['#/traffic?group=3', (page) => page.getByRole('button', { name: 'Pause' }).click(), /Go on/],
    ['#/nowhere', () => Promise.resolve(), /There is no view/],
  ];
  const press = async (page: Page, keys: string): Promise<void> => {
    await page.locator('tr').first().waitFor();
    for (const key of keys) await page.keyboard.press(key);
  };

  test('is accessible in dialogs, with faults in fields, with nothing that fits, and when it is not live', async () => {
    const page = await openPage(browser, scene.url, { credentials: scene.credentials('engineer') });
    page.on('dialog', (dialog) => void dialog.accept());
    const faults: Record<string, string[]> = {};
    const look = async (where: string, said: RegExp): Promise<void> => {
      await page.locator('body').getByText(said).first().waitFor({ timeout: PATIENCE_MS });
      const found = await accessibilityFaults(page);
      if (found.length > 0) faults[`${where} ${String(said)}`] = found;
    };
    for (const [path, act, said] of STATES) {
      await page.goto(`${scene.url}/${path}`);
      await page.locator('h1').waitFor();
      await act(page);
      await look(path, said);
      await page.keyboard.press('Escape');
    }
    await scene.rtus.order(3, 'offline');
    await page.goto(`${scene.url}/#/group/3`);
    await look('#/group/3', /no listener is open while the RTU is away/);
    await scene.program().kill();
    for (const view of ['groups', 'group/1']) {
      await page.goto(`${scene.url}/#/${view}`);
      await look(view, /Not live/);
    }
    expect(faults).toEqual({});
    await closePage(page);
  });
});
