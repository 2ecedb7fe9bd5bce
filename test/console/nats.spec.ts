/** The console of a system on NATS: a connector, a router, two gateways and the console, each a process. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasNats, startNatsServer } from '../e2e/nats-server.ts';
import { freePort } from '../free-port.ts';
import { afterThese } from './afterwards.ts';
import { CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import {
  csvOf,
  PATIENCE_MS,
  Program,
  type Rtus,
  RTU_HOST,
  startMaster,
  startRtus,
  temporaryFolder,
  until,
} from './programs.ts';

/** Both listen at the same port. */
const GATEWAYS = ['127.0.0.1', '127.0.0.3'] as const;

describe.skipIf(!CHROMIUM || !hasNats)('the console of a system on NATS', () => {
  const afterwards = afterThese();
  let connector: Program;
  const gateways: Program[] = [];
  let port: number;
  let rtus: Rtus;
  let url: string;
  let nats: Awaited<ReturnType<typeof startNatsServer>>;
  let browser: Browser;

  beforeAll(async () => {
    const directory = await temporaryFolder(afterwards);
    rtus = await startRtus(1, directory, afterwards);
    port = await freePort();
    const groups = [{ 'sys name': 'North', 'port no': port, 'rtu no': 101, hosts: `${RTU_HOST}:${rtus.ports[0]}` }];
    await writeFile(join(directory, 'groups.csv'), csvOf(groups));
    nats = await startNatsServer();
    afterwards(() => nats.stop());
    const start = async (...part: string[]): Promise<Program> => {
      const http = `127.0.0.1:${await freePort()}`;
      const where = ['-i', 'groups.csv', '--nats', nats.url, '--nats-monitor', nats.monitorUrl, '--http', http];
      return new Program([...part, ...where], directory, afterwards);
    };
    connector = await start('connector', '--group', 'all');
    await start('router');
    for (const host of GATEWAYS) gateways.push(await start('gateway', '--listen', host));
    const address = `127.0.0.1:${await freePort()}`;
    const console = await start('console', '--console', address);
    url = `http://${address}`;
    await console.answers(`${url}/api/v1/session`);
    for (const host of GATEWAYS) startMaster(port, '127.0.0.11', 101, afterwards, host);
    browser = await startBrowser(afterwards);
  });

  test('shows the masters of both gateways, and who serves what', async () => {
    const page = await openPage(browser, `${url}/#/group/1`);
    const masters = page.getByRole('region', { name: 'Table of masters' }).locator('tbody tr');
    await expect.poll(() => masters.count(), { timeout: PATIENCE_MS }).toBe(2);
    const gateways = await masters.locator('td:nth-child(11)').allInnerTexts();
    expect(new Set(gateways).size).toBe(2);
    // Where each gateway listens is beside its name.
    for (const host of GATEWAYS) {
      const own = page.locator('.facts dd', { hasText: `${host}:${port}` });
      await own.waitFor();
      const text = await own.innerText();
      expect(gateways.filter((name) => text.includes(name))).toHaveLength(1);
    }

    await page.goto(`${url}/#/system`);
    const processes = page.getByRole('region', { name: 'Table of processes' }).locator('tbody tr');
    // A connector, a router, two gateways, and the console itself.
    await expect.poll(() => processes.count(), { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(4);
    await processes.getByText('links of 1').waitFor();
    await processes.getByText('routes 1').waitFor();
    // Each has a clock of its own.
    expect(await processes.locator('td:nth-child(7)').getByText('off').count()).toBe(await processes.count());
    await page.locator('.facts').getByText('NATS', { exact: true }).waitFor();

    await page.goto(`${url}/#/logs?group=1`);
    const log = page.getByRole('log');
    // Of the connector, and of a gateway or the router.
    await log.getByText('RTU sends data').first().waitFor({ timeout: PATIENCE_MS });
    await log.getByText('master connected').first().waitFor({ timeout: PATIENCE_MS });

    await page.goto(`${url}/#/traffic?group=1`);
    // It says so once nothing is missed any more: what is sent then is shown.
    await page.getByText('Nothing has passed that fits').waitFor({ timeout: PATIENCE_MS });
    await rtus.send(100);
    await page.locator('tbody').getByText('M_SP_TB_1').first().waitFor({ timeout: PATIENCE_MS });
    await closePage(page);
  });

  test('restarts a group, and sees its RTU lost and back without a reload', async () => {
    const page = await openPage(browser, `${url}/#/group/1`);
    await page.getByRole('button', { name: 'Restart' }).click();
    await page.getByRole('dialog').getByText('Closes 2 masters.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
    await page
      .getByRole('status')
      .getByText(/North: /)
      .waitFor({ timeout: PATIENCE_MS });
    await page.goto(`${url}/#/groups`);
    const state = page.locator('tr[data-id="1"] .c-state');
    await state.getByText('started').waitFor({ timeout: PATIENCE_MS });
    await rtus.order(1, 'offline');
    await state.getByText(/down|connecting/).waitFor({ timeout: PATIENCE_MS });
    await rtus.order(1, 'online');
    await state.getByText('started').waitFor({ timeout: PATIENCE_MS });
    await closePage(page);
  });

  test('has no button that saves: the row and the change of the file are there to be copied', async () => {
    const page = await openPage(browser, `${url}/#/edit/1`);
    await page.getByLabel('max conn').fill('7');
    await page.getByRole('button', { name: 'Copy row' }).waitFor({ timeout: PATIENCE_MS });
    await page.getByRole('button', { name: 'Copy patch' }).waitFor();
    await page
      .locator('pre.diff')
      .getByText(/^\+1,North/m)
      .waitFor();
    expect(await page.getByRole('button', { name: /Apply/ }).count()).toBe(0);
    await closePage(page);
  });

  test('shows a part that hangs as silent, not as healthy', async () => {
    const page = await openPage(browser, `${url}/#/groups`);
    const row = page.locator('tr[data-id="1"]');
    await row.getByText('started').waitFor({ timeout: PATIENCE_MS });
    connector.signal('SIGSTOP');
    try {
      await row.getByText('silent').waitFor({ timeout: PATIENCE_MS });
      await page.getByRole('button', { name: /^silent/ }).waitFor();
      await page.goto(`${url}/#/system`);
      await page.locator('tbody').getByText('silent for').waitFor({ timeout: PATIENCE_MS });
    } finally {
      connector.signal('SIGCONT');
    }
    await until('it answers again', async () => (await page.locator('tbody').getByText('silent for').count()) === 0);
    await closePage(page);
  });

  test('says of the masters of a gateway that hangs that they are not known, and what is done to them all the same', async () => {
    const page = await openPage(browser, `${url}/#/groups`);
    const masters = page.locator('tr[data-id="1"] .c-masters');
    await masters.getByText('2/2/5').waitFor({ timeout: PATIENCE_MS });
    gateways[1]?.signal('SIGSTOP');
    try {
      await masters.getByText('≥1/≥1/5').waitFor({ timeout: PATIENCE_MS });
      await page.goto(`${url}/#/group/1`);
      await page.getByText('those of the silent gateway are not known').waitFor({ timeout: PATIENCE_MS });
      await page.getByRole('button', { name: 'Restart' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('Closes 1 master and those of the silent gateway.').waitFor();
      await dialog.getByRole('button', { name: 'Restart' }).click();
      await page
        .getByRole('status')
        .getByText(/closes 1 master and those of the silent gateway/)
        .waitFor({ timeout: PATIENCE_MS });
    } finally {
      gateways[1]?.signal('SIGCONT');
    }
    await page.goto(`${url}/#/groups`);
    await masters.getByText('2/2/5').waitFor({ timeout: PATIENCE_MS });
    await closePage(page);
  });

  test('says of the commands that they cannot be read while NATS is away, and soon after no more', async () => {
    const page = await openPage(browser, `${url}/#/commands`);
    await page.getByText('0 commands').waitFor({ timeout: PATIENCE_MS });
    await nats.kill();
    // The view asks again when it is another one, else once a minute.
    await page.goto(`${url}/#/commands?outcome=refused`);
    const problem = page.locator('.problem.bad');
    await problem.first().waitFor({ timeout: PATIENCE_MS });
    await nats.restart();
    await expect.poll(() => problem.count(), { timeout: PATIENCE_MS }).toBe(0);
    await closePage(page);
  });
});
