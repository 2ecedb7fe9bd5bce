/// <reference lib="dom" />
/** Rows that are edited from the page. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
    await page.getByRole('button', { name: 'Apply and save' }).press('Enter');
    await page.getByRole('dialog').getByText('The file is written').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Apply and save' }).press('Enter');
    await until('the program has it', async () => (await scene.row('3')).mastersMax === 4);
    await expect.poll(() => page.locator('.outcome').count()).toBe(0);
    // The button is gone; whoever has no mouse goes on where it was.
    await expect
      .poll(() => page.locator('form.edit').evaluate((form) => form.contains(document.activeElement)))
      .toBe(true);
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

    // What is as in the file again is not edited any more.
    await page.goto(`${scene.url}/#/edit/1`);
    await page.getByLabel('sys name').fill('North');
    await page.locator('.outcome').getByText('sys name: South → North').waitFor();
    await page.getByRole('button', { name: 'Apply until restart' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Apply' }).click();
    await until('the program has it', async () => (await scene.row('1')).edited === false);
    await expect.poll(() => page.getByText('until restart; the file has').count()).toBe(0);
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

  test('of a group that is taken out meanwhile is kept, and cannot be applied before it is there again', async () => {
    const before = await scene.file();
    const put = (text: string): Promise<void> => writeFile(join(scene.directory, 'groups.csv'), text);
    const withoutIt = before
      .split('\n')
      .filter((line) => !line.startsWith('1,'))
      .join('\n');
    const page = await open('#/edit/1', 'engineer');
    const apply = page.getByRole('button', { name: 'Apply and save' });
    await page.getByLabel('max conn').fill('4');
    await apply.click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Nobody is disconnected').waitFor();
    const order = await open('#/group/1', 'engineer');
    await order.getByRole('button', { name: 'Restart' }).click();
    await order.getByRole('dialog').getByText('Closes 1 master.').waitFor();
    await put(withoutIt);

    await order.getByRole('dialog').getByText('There is no group 1 any more').waitFor({ timeout: PATIENCE_MS });
    expect(await order.getByRole('dialog').getByRole('button', { name: 'Restart' }).isDisabled()).toBe(true);
    await dialog.getByText('No group 1 loads from the file').waitFor({ timeout: PATIENCE_MS });
    expect(await dialog.getByRole('button', { name: 'Apply and save' }).isDisabled()).toBe(true);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await page.locator('.outcome').innerText()).not.toContain('disconnected');
    expect(await apply.isDisabled()).toBe(true);
    expect(await page.getByLabel('max conn').inputValue()).toBe('4');

    await put(before);
    await page.locator('.outcome').getByText('Nobody is disconnected').waitFor({ timeout: PATIENCE_MS });
    expect(await page.getByLabel('max conn').inputValue()).toBe('4');
    await until('its master is back', async () => (await scene.row('1')).mastersStarted === 1);
    await closePage(order);
    await closePage(page);
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
