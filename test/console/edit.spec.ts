/** Rows that are edited from the page. */
import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterThese } from './afterwards.ts';
import { CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import { PATIENCE_MS, until } from './programs.ts';
import { type Scene, startScene } from './scene.ts';

describe.skipIf(!CHROMIUM)('a row that is edited from the console', () => {
  const afterwards = afterThese();
  let scene: Scene;
  let browser: Browser;

  beforeAll(async () => {
    [scene, browser] = await Promise.all([startScene(afterwards), startBrowser(afterwards)]);
  });

  const open = (path: string, role: 'operator' | 'engineer'): Promise<Page> =>
    openPage(browser, `${scene.url}/${path}`, { credentials: scene.credentials(role) });

  test('is applied and saved: the program, the file and mm2ss check have it, the rest of the file stays', async () => {
    const before = await scene.file();
    const page = await open('#/edit/3', 'engineer');
    await page.getByLabel('max conn').fill('4');
    // Before anything happens it is said what it costs.
    await page.locator('.outcome').getByText('max conn: 5 → 4').waitFor();
    await page.locator('.field.changed').getByText('Taken while it runs').waitFor();
    await page.getByRole('button', { name: 'Apply and save' }).click();
    await page.getByRole('dialog').getByText('The file is written').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Apply and save' }).click();
    await until('the program has it', async () => (await scene.row('3')).mastersMax === 4);
    await expect.poll(() => page.locator('.outcome').count()).toBe(0);
    expect(await page.getByLabel('max conn').inputValue()).toBe('4');

    const lines = before.split('\n');
    const third = lines.findIndex((line) => line.startsWith('3,'));
    lines[third] = (lines[third] ?? '').replace(/^(3,Harbour,\d+,\d+,)5,/, '$14,');
    expect(await scene.file()).not.toBe(before);
    const { code, output } = await scene.check();
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('3') as string });
    const cells = (text: string): string[] =>
      text
        .split('\n')
        .find((line) => line.startsWith('3,'))
        ?.split(',') ?? [];
    const header =
      before
        .split('\n')
        .find((line) => line.startsWith('id,'))
        ?.split(',') ?? [];
    expect(cells(await scene.file())[header.indexOf('max conn')]).toBe('4');
    const others = (text: string): string[] => text.split('\n').filter((line) => !line.startsWith('3,'));
    expect(others(await scene.file())).toEqual(others(before));
    await closePage(page);
  });

  test('is applied until restart: the file stays as it is, and the page says so', async () => {
    const before = await scene.file();
    const page = await open('#/edit/1', 'operator');
    await page.getByLabel('sys name').fill('South');
    await page.getByRole('button', { name: 'Apply until restart' }).click();
    expect(await page.getByRole('button', { name: 'Apply and save' }).count()).toBe(0);
    await page.getByRole('dialog').getByRole('button', { name: 'Apply' }).click();
    await until('the program has it', async () => (await scene.row('1')).name === 'South');
    await page.getByText('until restart; the file has “North”').waitFor();
    expect(await scene.file()).toBe(before);
    await page.goto(`${scene.url}/#/groups?show=edited`);
    await page.locator('tr[data-id="1"]').getByText('South').waitFor();
    await closePage(page);
  });

  test('is refused where it would not load, at the field, and nothing happens', async () => {
    const page = await open('#/edit/2', 'engineer');
    await page.getByLabel('t1', { exact: false }).first().fill('soon');
    await page.locator('.field').getByText('"soon" is not a whole number').first().waitFor();
    await page.getByLabel('sys name').fill('Another');
    await page.getByText('The group would not load with this.').waitFor();
    await page.locator('.outcome li').getByText('Another').waitFor();
    // Of what is refused nobody is told what it would cost.
    expect(await page.locator('form').innerText()).not.toMatch(/Taken while it runs|disconnected|closed and opened/);
    expect(await page.locator('.outcome').innerText()).not.toMatch(
      /Taken while it runs|disconnected|closed and opened/,
    );
    expect(await page.getByRole('button', { name: 'Apply and save' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Discard' }).click();
    await expect.poll(() => page.locator('.outcome').count()).toBe(0);
    await closePage(page);
  });

  test('is read again when somebody else has changed it, and what is typed is kept', async () => {
    const [first, second] = [await open('#/edit/2', 'engineer'), await open('#/edit/2', 'engineer')];
    await second.getByLabel('idletime').fill('70');
    await first.getByLabel('max conn').fill('6');
    await first.getByRole('button', { name: 'Apply and save' }).click();
    await first.getByRole('dialog').getByRole('button', { name: 'Apply and save' }).click();
    await second.getByText('Somebody else has changed max conn meanwhile').waitFor({ timeout: PATIENCE_MS });
    expect(await second.getByLabel('max conn').inputValue()).toBe('6');
    expect(await second.getByLabel('idletime').inputValue()).toBe('70');
    await second.getByRole('button', { name: 'Apply and save' }).click();
    await second.getByRole('dialog').getByRole('button', { name: 'Apply and save' }).click();
    await expect.poll(() => second.locator('.outcome').count(), { timeout: PATIENCE_MS }).toBe(0);
    expect((await scene.file()).split('\n').find((line) => line.startsWith('2,'))).toMatch(/,6,70,/);
    await closePage(first);
    await closePage(second);
  });

  test('is not lost unasked when the tab is closed', async () => {
    const page = await open('#/edit/2', 'engineer');
    await page.getByLabel('sys name').fill('half');
    await page.locator('.outcome').waitFor();
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.accept();
    });
    await page.reload();
    expect(asked).toEqual(['beforeunload']);
    await closePage(page);
  });

  test('says that another host costs the link and its masters', async () => {
    const page = await open('#/compare?a=1&b=2', 'engineer');
    const right = page.getByRole('region', { name: 'Right' });
    await right.getByLabel('hosts').fill('127.0.0.2:1');
    await right.locator('.outcome').getByText(/link/i).first().waitFor();
    await right
      .locator('.outcome')
      .getByText(/1 master/)
      .first()
      .waitFor();
    await closePage(page);
  });
});
