/// <reference lib="dom" />
/** Everything that can be done from the page, without a mouse: by Tab, Enter and the keys of the views. The focus stays where one was. */
import { readFile } from 'node:fs/promises';
import { parseCommand } from '@iec104mm2ss/simulator';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { confirm, focused, press, tabTo } from './no-mouse.ts';
import { afterThese } from './afterwards.ts';
import { CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import { PATIENCE_MS, until } from './programs.ts';
import { type Scene, startScene } from './scene.ts';

describe.skipIf(!CHROMIUM)('without a mouse', () => {
  const afterwards = afterThese();
  let scene: Scene;
  let browser: Browser;

  beforeAll(async () => {
    [scene, browser] = await Promise.all([startScene(afterwards), startBrowser(afterwards)]);
    await scene.masters[0]?.command(parseCommand('single 5001 on'));
  });

  const open = async (path: string): Promise<Page> => {
    const page = await openPage(browser, `${scene.url}/${path}`, { credentials: scene.credentials('engineer') });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    return page;
  };
  const toast = (page: Page, text: RegExp): Promise<void> =>
    page.locator('.toast').getByText(text).waitFor({ timeout: PATIENCE_MS });
  const copied = (page: Page): Promise<string> => page.evaluate(() => navigator.clipboard.readText());
  const saved = async (page: Page, button: string): Promise<{ name: string; text: string }> => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      press(page, page.getByRole('button', { name: button, exact: true })),
    ]);
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
  };

  test('one master of a group is disconnected, the group is restarted, and goes on to its next host', async () => {
    const page = await open('#/group/2');
    const masters = page.getByRole('region', { name: 'Table of masters' });
    const before = await masters.getByText(/^127\.0\.0\.11:/).innerText();
    await press(page, masters.getByRole('button', { name: 'Disconnect' }));
    await confirm(page, /^Disconnect/, 'Disconnect');
    await expect.poll(() => masters.getByText(/^127\.0\.0\.11:/).innerText()).not.toBe(before);
    // The button is gone with its row: the focus is in the table, or on the button of the row that took its place.
    await expect.poll(() => masters.evaluate((region) => region.contains(document.activeElement))).toBe(true);
    await until('the master is back', async () => (await scene.row('2')).mastersStarted === 1);

    const linkBefore = await scene.row('2');
    const restart = page.getByRole('button', { name: 'Restart' });
    await press(page, restart);
    await page
      .getByRole('dialog', { name: /^Restart/ })
      .getByText('Closes 1 master.')
      .waitFor();
    // What is pressed without reading does nothing.
    await focused(page.getByRole('dialog').getByRole('button', { name: 'Cancel' }));
    await page.keyboard.press('Enter');
    await focused(restart);
    await page.keyboard.press('r');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await focused(restart);
    await page.keyboard.press('Enter');
    await confirm(page, /^Restart/, 'Restart');
    await toast(page, /closes 1 master/);
    await focused(restart);
    await until('a new link', async () => ((await scene.row('2')).linkEpoch ?? 0) > (linkBefore.linkEpoch ?? 0));
    await until('the master is back', async () => (await scene.row('2')).mastersStarted === 1);

    const nextHost = page.getByRole('button', { name: 'Next host' });
    await press(page, nextHost);
    await confirm(page, /^Next host/, 'Next host');
    await toast(page, /closes 1 master/);
    await focused(nextHost);
    await until('the master is back', async () => (await scene.row('2')).mastersStarted === 1);
    await closePage(page);
  });

  test('a row is edited, discarded, applied until restart and saved; nothing that cannot be undone is one key away', async () => {
    const page = await open('#/group/3');
    await page.getByRole('heading', { name: 'Harbour' }).waitFor();
    await page.keyboard.press('e');
    const name = page.getByLabel('sys name');
    const form = page.locator('form.edit');
    await tabTo(page, name);
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('Quay');
    await press(page, page.getByRole('button', { name: 'Discard' }));
    await expect.poll(() => name.inputValue()).toBe('Harbour');
    expect(await form.evaluate((element) => element.contains(document.activeElement))).toBe(true);

    await name.focus();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('Quay');
    await page.locator('.outcome').getByText('Nobody is disconnected.').waitFor();
    await press(page, page.getByRole('button', { name: 'Apply until restart' }));
    await confirm(page, 'Apply until restart?', 'Apply');
    await page.getByText('until restart; the file has “Harbour”').waitFor({ timeout: PATIENCE_MS });
    expect(await form.evaluate((element) => element.contains(document.activeElement))).toBe(true);

    // A choice is made by its first letter.
    await tabTo(page, page.getByLabel('logevents'));
    await page.keyboard.press('Y');
    await page.locator('.outcome').getByText('logevents: N → Y').waitFor();
    await press(page, page.getByRole('button', { name: 'Apply and save' }));
    await confirm(page, /^Apply, and save/, 'Apply and save');
    await until('the file has both', async () => /^3,Quay,.*,Y,/m.test(await scene.file()));
    await closePage(page);
  });

  test('two groups are chosen and compared, one is swapped, locked, filtered, marked, and edited there', async () => {
    const page = await open('#/groups?sort=id');
    await page.locator('tr[data-id="3"]').waitFor();
    for (const key of 'jcjc') await page.keyboard.press(key);
    await page.getByRole('heading', { level: 1, name: 'Compare' }).waitFor();
    expect(page.url()).toContain('a=1&b=2');
    await page.keyboard.press('s');
    await expect.poll(() => page.url()).toContain('a=2&b=1');
    const right = page.getByRole('region', { name: 'Right' });
    await tabTo(page, right.getByLabel('Right group'));
    await page.keyboard.press('3');
    await expect.poll(() => page.url()).toContain('b=3');
    await press(page, right.getByText('All other columns'));
    await right.getByLabel('max conn').waitFor();
    await page.keyboard.press('l');
    expect(await page.getByLabel('One time for both logs').isChecked()).toBe(false);
    await page.keyboard.press('l');
    await page.keyboard.press('/');
    await page.keyboard.type('sends');
    const log = page.getByRole('log').first();
    await expect.poll(() => log.locator('.line', { hasNotText: 'sends' }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await press(page, log.getByRole('button').first());
    await expect.poll(() => page.locator('hr.marker').count()).toBe(2);
    await press(page, page.getByRole('button', { name: /^Line at/ }));
    await expect.poll(() => page.locator('hr.marker').count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement !== document.body)).toBe(true);

    await tabTo(page, right.getByLabel('max conn'));
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('7');
    await press(page, right.getByRole('button', { name: 'Apply until restart' }));
    await confirm(page, 'Apply until restart?', 'Apply');
    await right.getByText(/^until restart; the file has/).waitFor({ timeout: PATIENCE_MS });
    expect(await right.evaluate((pane) => pane.contains(document.activeElement))).toBe(true);
    await page.keyboard.press('g');
    await page.keyboard.press('f');
    await page.getByRole('heading', { level: 1, name: 'Configuration' }).waitFor();
    await tabTo(page, page.getByRole('region', { name: 'Processes and their files' }));
    await press(page, page.getByRole('main').getByRole('link', { name: /^3 / }));
    await expect.poll(() => page.url()).toContain('#/edit/3');
    expect(await page.getByLabel('max conn').inputValue()).toBe('7');
    await closePage(page);
  });

  test('a log is followed, filtered, copied and downloaded', async () => {
    const page = await open('#/logs?group=2');
    const log = page.getByRole('log');
    await log.getByText('RTU sends data').first().waitFor();
    await page.setViewportSize({ width: 1440, height: 240 });
    await tabTo(page, log);
    await page.keyboard.press('PageUp');
    await press(page, page.getByRole('button', { name: /Follow|new/ }));
    // Keys that scroll are for the lines again.
    await focused(log);
    await page.keyboard.press('PageUp');
    await page.getByRole('button', { name: /Follow|new/ }).waitFor();
    await page.keyboard.press('End');
    await expect.poll(() => page.getByRole('button', { name: /Follow|new/ }).count()).toBe(0);
    await page.keyboard.press('/');
    await page.keyboard.type('sends');
    await page.keyboard.press('Enter');
    await expect.poll(() => log.locator('.line', { hasNotText: 'sends' }).count()).toBe(0);
    expect(await saved(page, 'Download')).toMatchObject({ name: 'group-2.log', text: /RTU sends data/ });
    await press(page, page.getByRole('button', { name: 'Copy command' }));
    await toast(page, /^Copied/);
    expect(await copied(page)).toBe('mm2ss watch --log --group 2');
    await closePage(page);
  });

  test('octets of traffic are opened, it is paused and filtered, and commands are saved', async () => {
    const page = await open('#/traffic?group=1');
    await page.getByText('Nothing has passed that fits').waitFor({ timeout: PATIENCE_MS });
    await scene.rtus.send(100);
    await page.locator('tbody').getByText('M_ME_TF_1').waitFor({ timeout: PATIENCE_MS });
    await press(page, page.locator('tbody button').first());
    await page.locator('.octets').waitFor();
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Go on' }).waitFor();
    await page.keyboard.press('p');
    await page.keyboard.press('/');
    // A field of the filter says in a tooltip what it takes.
    await page.getByRole('tooltip').getByText('Names or numbers, with commas').waitFor();
    await page.keyboard.type('M_SP_TB_1');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toContain('type=M_SP_TB_1');
    await page.keyboard.press('Escape');
    await press(page, page.getByRole('button', { name: 'Copy command' }));
    expect(await copied(page)).toBe('mm2ss watch --group 1');
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.locator('tbody').getByText('C_SC_NA_1').waitFor({ timeout: PATIENCE_MS });
    expect(await saved(page, 'CSV')).toMatchObject({ name: 'commands.csv', text: /5001/ });
    await closePage(page);
  });

  test('simulated RTUs send, stop and go off; a filter without a match, and the list of keys, give the focus back', async () => {
    const page = await open('#/simulator');
    await page.getByText('RTU 1', { exact: true }).first().waitFor();
    await tabTo(page, page.getByLabel('Index'));
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('100');
    await page.keyboard.press('Enter');
    await page.getByText(/^Index 100: \d+ rows sent/).waitFor({ timeout: PATIENCE_MS });
    await press(page, page.getByRole('button', { name: 'Stop' }));
    await page.getByText('Nothing was being sent.').waitFor();
    const row = page.locator('tr[data-id="3"]');
    await press(page, row.getByRole('button', { name: 'Offline RTU 3' }));
    await focused(row.getByRole('button', { name: 'Online RTU 3' }));
    await page.keyboard.press('Enter');
    await focused(row.getByRole('button', { name: 'Offline RTU 3' }));

    await page.goto(`${scene.url}/#/groups?filter=nothing`);
    await press(page, page.getByRole('button', { name: 'Show all' }));
    await page.locator('tr[data-id="1"]').waitFor();
    expect(await page.evaluate(() => document.activeElement !== document.body)).toBe(true);
    const keys = page.getByRole('button', { name: 'Keys' });
    await press(page, keys);
    await press(page, page.getByRole('dialog').getByRole('button', { name: 'Close' }));
    await focused(keys);
    await closePage(page);
  });
});
