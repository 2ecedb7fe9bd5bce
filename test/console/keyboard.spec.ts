/** Everything without a mouse. */
import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterThese } from './afterwards.ts';
import { CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import { HOSTILE_NAME, type Scene, startScene } from './scene.ts';

describe.skipIf(!CHROMIUM)('the console without a mouse', () => {
  const afterwards = afterThese();
  let scene: Scene;
  let browser: Browser;

  beforeAll(async () => {
    [scene, browser] = await Promise.all([startScene(afterwards), startBrowser(afterwards)]);
  });

  const open = (path: string) =>
    openPage(browser, `${scene.url}/${path}`, { credentials: scene.credentials('operator') });

  test('the list is filtered, walked through and opened by keys; sort and filter stand in the URL', async () => {
    const page = await open('#/groups');
    await page.locator('tr[data-id="1"]').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('harb');
    await expect.poll(() => page.locator('tr[data-id]').count()).toBe(1);
    expect(page.url()).toContain('filter=harb');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('tr[data-id]').count()).toBe(3);
    // The next key is one of the page, not of the filter.
    await page.keyboard.press('j');
    expect(page.url()).not.toContain('filter');
    await page.keyboard.press('k');

    await page.getByRole('button', { name: 'Id' }).click();
    await page.getByRole('button', { name: 'Id' }).click();
    expect(page.url()).toContain('sort=-id');
    expect(await page.locator('tr[data-id]').first().getAttribute('data-id')).toBe('3');
    await page.reload();
    await page.locator('tr[data-id="1"]').waitFor();
    expect(await page.locator('tr[data-id]').first().getAttribute('data-id')).toBe('3');

    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toContain('#/group/2');
    await page.getByRole('heading', { level: 1, name: HOSTILE_NAME }).waitFor();
    await page.keyboard.press('u');
    await expect.poll(() => page.url()).toContain('#/groups');
    await closePage(page);
  });

  test('chips show only what they count', async () => {
    const page = await open('#/groups');
    // Of the third group a named master is not there.
    await page.getByRole('button', { name: 'below expected masters 1' }).press('Enter');
    await expect.poll(() => page.locator('tr[data-id]').count()).toBe(1);
    expect(page.url()).toContain('show=below-expected');
    await closePage(page);
  });

  test('views, the list of keys, and an order that is taken back', async () => {
    const page = await open('#/group/1');
    await page.getByRole('button', { name: 'Restart' }).waitFor();
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keys' });
    await help.getByText('next host').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('dialog').count()).toBe(0);

    await page.keyboard.press('r');
    await page.getByRole('dialog', { name: 'Restart North?' }).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('dialog').count()).toBe(0);
    // What would be refused is not asked back.
    await page.keyboard.press('n');
    await page.getByRole('status').getByText('It is the only host of this RTU').waitFor();

    for (const [keys, title] of [
      ['gs', 'System'],
      ['gf', 'Configuration'],
      ['gh', 'Changes'],
      ['gc', 'Commands'],
      ['gt', 'Traffic'],
      ['gl', 'Log'],
      ['gm', 'Compare'],
      ['gg', 'Groups'],
    ] as const) {
      for (const key of keys) await page.keyboard.press(key);
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
    }
    await closePage(page);
  });

  test('keys without Ctrl can be switched off, and stay off', async () => {
    const page = await open('#/groups');
    await page.locator('tr[data-id="1"]').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('checkbox', { name: /These keys are on/ }).uncheck();
    await page.keyboard.press('Escape');
    await page.reload();
    await page.locator('tr[data-id="1"]').waitFor();
    await page.keyboard.press('?');
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    expect(await page.locator('dialog').count()).toBe(0);
    expect(page.url()).toContain('#/groups');
    await closePage(page);
  });

  test('what has the focus says in a tooltip what it is, until Escape', async () => {
    const page = await open('#/groups');
    await page.locator('tr[data-id="1"]').waitFor();
    await page.keyboard.press('/');
    const heading = page.getByRole('button', { name: 'Unconfirmed' });
    for (
      let steps = 0;
      steps < 40 && !(await heading.evaluate((element) => element === document.activeElement));
      steps++
    ) {
      await page.keyboard.press('Tab');
    }
    await page
      .getByRole('tooltip')
      .getByText(/Events that no master has acknowledged/)
      .waitFor();
    expect(await heading.getAttribute('aria-describedby')).toBe('tip');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('tooltip').count()).toBe(0);
    await closePage(page);
  });

  test('the theme is switched and kept', async () => {
    const page = await open('#/groups');
    await page.locator('tr[data-id="1"]').waitFor();
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.keyboard.press('Shift+T');
    await expect.poll(ground).not.toBe(light);
    await page.reload();
    await page.locator('tr[data-id="1"]').waitFor();
    expect(await ground()).not.toBe(light);
    await closePage(page);
  });
});
