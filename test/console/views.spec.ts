/// <reference lib="dom" />
/** Every view in a real Chromium against the running program: real data, accessible, on a phone, for a viewer. */
import { readFile } from 'node:fs/promises';
import type { LogEvent, LogLine } from '@iec104mm2ss/console-api';
import { parseCommand } from '@iec104mm2ss/simulator';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterThese } from './afterwards.ts';
import { accessibilityFaults, CHROMIUM, closePage, openPage, type PageOptions, startBrowser } from './browser.ts';
import { PATIENCE_MS, Program, until } from './programs.ts';
import { HOSTILE_NAME, type Scene, startScene } from './scene.ts';
import { VIEWS } from './views.ts';

/** So many lines of a group a process keeps. */
const KEPT_LINES = 500;

/** The stream of somebody who compares groups 1 and 2: of each 500 lines, a second from each other, those of 2 between those of 1. */
function streamOfLongLogs(overview: string): string {
  const at = (group: number, seq: number): string =>
    new Date(Date.UTC(2026, 0, 1, 0, 0, seq, group * 250)).toISOString();
  const logs = [1, 2].map((number) => {
    const group = String(number);
    const lines = Array.from({ length: KEPT_LINES }, (_, seq): LogLine => {
      const message = `line ${seq} of group ${group}`;
      return { seq, instance: group, at: at(number, seq), level: 'info', message, group, fields: {} };
    });
    return `event: log\ndata: ${JSON.stringify({ group, begin: true, lines, leftOut: 0 } satisfies LogEvent)}\n\n`;
  });
  return `retry: 600000\n\nevent: overview\ndata: ${overview}\n\n${logs.join('')}`;
}

/** Runs in the page: parts without a tooltip, which the manual promises. Fields of a row have theirs at their name, and a text. */
function unexplained(): string[] {
  const parts = [
    ...document.querySelectorAll<HTMLElement>('th, dt, figcaption, .mark, .gauge, a.button, button, select, input'),
  ];
  return parts
    .filter((part) => part.offsetParent !== null && part.closest('.field, [data-tip]') === null)
    .filter((part) => part.querySelector('[data-tip]') === null)
    .map((part) => `no tooltip: ${part.outerHTML.slice(0, 120)}`);
}

describe.skipIf(!CHROMIUM)('the views of the console', () => {
  const afterwards = afterThese();
  let scene: Scene;
  let browser: Browser;

  beforeAll(async () => {
    [scene, browser] = await Promise.all([startScene(afterwards), startBrowser(afterwards)]);
    // Something to see in each of them.
    const [master] = scene.masters;
    await master?.command(parseCommand('single 5001 on'));
    const restarted = await scene.post('/groups/3/restart');
    expect(restarted.status).toBe(200);
    const traffic = setInterval(() => void scene.rtus.send(100).catch(() => undefined), 500);
    afterwards(() => clearInterval(traffic));
  });

  const open = (path: string, options: PageOptions = {}, role: 'viewer' | 'operator' | 'engineer' = 'operator') =>
    openPage(browser, `${scene.url}/${path}`, { credentials: scene.credentials(role), ...options });

  const shown = async (page: Page, name: string): Promise<void> => {
    const { path, shows } = VIEWS[name] as (typeof VIEWS)[string];
    await page.goto(`${scene.url}/${path}`);
    await page.locator('main').getByText(shows).first().waitFor({ timeout: PATIENCE_MS });
  };

  test('each shows real data, axe finds nothing, and all of it is explained by tooltips', async () => {
    const page = await open('');
    const faults: Record<string, string[]> = {};
    for (const name of Object.keys(VIEWS)) {
      await shown(page, name);
      const found = [...(await accessibilityFaults(page)), ...(await page.evaluate(unexplained))];
      if (found.length > 0) faults[name] = found;
    }
    expect(faults).toEqual({});
    await closePage(page);
  });

  test('on a phone nothing is wider than the screen, and the fleet can be looked at', async () => {
    const page = await open('', { width: 390, height: 844 });
    for (const name of Object.keys(VIEWS)) {
      await shown(page, name);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect({ name, beyond }).toEqual({ name, beyond: 0 });
    }
    await shown(page, 'groups');
    const row = page.locator('tr[data-id="3"]');
    await row.getByText('not there: Backup').waitFor();
    expect(await row.innerText()).toContain('Harbour');
    await closePage(page);
  });

  test('a system name with HTML in it is text', async () => {
    const page = await open('#/groups');
    await page.locator('tr[data-id="2"]').getByText(HOSTILE_NAME).waitFor();
    await page.goto(`${scene.url}/#/group/2`);
    await page.getByRole('heading', { name: HOSTILE_NAME }).waitFor();
    expect(await page.locator('img').count()).toBe(0);
    await closePage(page);
  });

  test('a chart whose program cannot be loaded any more says what to do', async () => {
    const page = await open('#/groups');
    await page.route(/uplot-.*\.js/, (route) => route.abort());
    await page.locator('tr[data-id="1"]').waitFor();
    await page.goto(`${scene.url}/#/group/1`);
    await page.getByText('The chart cannot be loaded').first().waitFor({ timeout: PATIENCE_MS });
    await closePage(page);
  });

  test('a viewer sees everything and has no button that changes anything', async () => {
    const page = await open('#/group/1', {}, 'viewer');
    await page.getByText('127.0.0.11').first().waitFor();
    for (const name of ['Restart', 'Next host', 'Disconnect', 'Edit']) {
      expect({ name, count: await page.getByRole('button', { name }).count() }).toEqual({ name, count: 0 });
    }
    await page.keyboard.press('r');
    expect(await page.locator('dialog').count()).toBe(0);
    await page.goto(`${scene.url}/#/edit/1`);
    await page.getByLabel('port no').waitFor();
    expect(await page.locator('form :is(input, select):not(:disabled)').count()).toBe(0);
    expect((await scene.post('/groups/1/restart', 'viewer')).status).toBe(403);
    await closePage(page);
  });

  test('two long logs scroll to the same time, and a line is drawn through both', async () => {
    const page = await open('#/groups', { height: 620 });
    const overview = await page.evaluate(async () => (await fetch('./api/v1/groups')).text());
    const body = streamOfLongLogs(JSON.stringify(JSON.parse(overview)));
    await page.route(/\/stream\?/, (route) => route.fulfill({ contentType: 'text/event-stream', body }));
    await page.goto(`${scene.url}/#/compare?a=1&b=2`);
    const [left, right] = [page.getByRole('log').first(), page.getByRole('log').last()];
    const rest = (log: typeof left) =>
      log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    /** Of the line that is first in sight, ms. */
    const timeOf = (log: typeof left) =>
      log.evaluate((element) => {
        const top = element.getBoundingClientRect().top + 1;
        const lines = [...element.querySelectorAll<HTMLElement>('.line')];
        return Number(lines.find((line) => line.getBoundingClientRect().bottom > top)?.dataset['at']);
      });
    for (const log of [left, right]) {
      await expect.poll(() => log.locator('.line').count()).toBe(KEPT_LINES);
      await expect.poll(() => rest(log)).toBeLessThan(24);
    }
    await left.hover();
    for (const wheel of [-1_000, -3_000, 1_500]) {
      await page.mouse.wheel(0, wheel);
      await expect.poll(() => rest(left)).toBeGreaterThan(100);
      // The first in sight is the one of that time, or the next that there is.
      await expect
        .poll(async () => {
          const [wanted, shown] = [await timeOf(left), await timeOf(right)];
          const times = await right
            .locator('.line')
            .evaluateAll((lines) => lines.map((line) => Number(line.dataset['at'])));
          return shown === times.find((time) => time >= wanted);
        })
        .toBe(true);
    }
    const before = await right.evaluate((element) => element.scrollTop);
    await page.getByLabel('One time for both logs').uncheck();
    await left.hover();
    await page.mouse.wheel(0, 100_000);
    await expect.poll(() => rest(left)).toBeLessThan(24);
    expect(await right.evaluate((element) => element.scrollTop)).toBe(before);

    await left.getByRole('button').last().click();
    await expect.poll(() => page.locator('hr.marker').count()).toBe(2);
    await closePage(page);
  });

  test('the command that is copied from a log prints its lines', async () => {
    const page = await open('#/logs?group=1');
    await page.getByRole('log').getByText('RTU sends data').first().waitFor();
    const command = (await page.getByRole('button', { name: 'Copy command' }).getAttribute('data-tip')) ?? '';
    expect(command).toBe('mm2ss watch --log --group 1');
    const watch = new Program(command.split(' ').slice(1), scene.directory, afterwards, { MM2SS_HTTP: scene.http });
    await until('lines that were kept', () => / info RTU sends data .*peer=/.test(watch.output));
    expect(watch.output).not.toContain('127.0.0.2:' + String(scene.rtus.ports[1]));
    const before = watch.output.length;
    expect((await scene.post('/groups/1/restart')).status).toBe(200);
    await until('lines that come', () => watch.output.slice(before).includes('restart'));
    await watch.kill('SIGINT');
    await closePage(page);
  });

  test('what is saved of a view is a file with what it shows', async () => {
    const page = await open('#/commands');
    await page.locator('tbody').getByText('C_SC_NA_1').first().waitFor();
    const saved = async (button: string): Promise<{ name: string; text: string }> => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: button }).click(),
      ]);
      return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
    };
    const csv = await saved('CSV');
    expect(csv.name).toBe('commands.csv');
    expect(csv.text).toMatch(/^at,group,.*,ioa,select,value,outcome,durationMs\r\n/);
    expect(csv.text).toMatch(/,5001,false,value=true,/);
    await page.goto(`${scene.url}/#/logs?group=1`);
    await page.getByRole('log').getByText('RTU sends data').first().waitFor();
    const log = await saved('Download');
    expect([log.name, log.text.includes('"msg":"RTU sends data"')]).toEqual(['group-1.log', true]);
    await page.goto(`${scene.url}/#/logs?group=*`);
    expect((await saved('Download')).name).toBe('mm2ss.log');
    await closePage(page);
  });

  test('a filter of commands that makes no sense shows none of another one', async () => {
    const page = await open('#/commands');
    await page.locator('tbody').getByText('C_SC_NA_1').first().waitFor();
    await page.getByRole('textbox', { name: 'Since' }).fill('yesterday');
    await page
      .locator('.problem.bad')
      .getByText(/since: 90s/)
      .waitFor();
    expect(await page.locator('.problem.bad').innerText()).not.toContain('older');
    expect(await page.locator('tbody tr').count()).toBe(0);
    expect(await page.getByText('No command fits').count()).toBe(0);
    await closePage(page);
  });

  test('traffic is filtered by the server, and a click shows the octets and what they mean', async () => {
    const page = await open('#/logs?group=1');
    await page.getByRole('log').getByText('RTU sends data').first().waitFor();
    await page.goto(`${scene.url}/#/traffic?group=1&type=M_ME_TF_1`);
    const row = page.locator('tbody tr').first();
    await row.getByText('ioa 1001').waitFor();
    // Of another view there was a stream before: that is no gap of this one.
    expect(await page.getByText('not complete').count()).toBe(0);
    expect(await page.locator('tbody').innerText()).not.toContain('M_SP_TB_1');
    await page.getByRole('button', { name: 'Pause' }).click();
    await row.click();
    await page
      .locator('.octets')
      .getByText(/^24 01 03 00 65 00 e9 03 00/)
      .waitFor();
    await page
      .locator('pre')
      .getByText(/M_ME_TF_1/)
      .waitFor();
    await closePage(page);
  });
});
