/** The console of a system on NATS: a connector, a router, two gateways and the console, each a process. */
import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasNats, startNatsServer } from '../e2e/nats-server.ts';
import { GATEWAY_HOSTS, System } from '../e2e/system.ts';
import { freePort } from '../free-port.ts';
import { afterThese } from './afterwards.ts';
import { CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import {
  PATIENCE_MS,
  Program,
  type Rtus,
  RTU_HOST,
  startMaster,
  startRtus,
  temporaryFolder,
  until,
} from './programs.ts';

describe.skipIf(!CHROMIUM || !hasNats)('the console of a system on NATS', () => {
  const afterwards = afterThese();
  let system: System;
  let rtus: Rtus;
  let url: string;
  let browser: Browser;

  beforeAll(async () => {
    const directory = await temporaryFolder(afterwards);
    rtus = await startRtus(1, directory, afterwards);
    const groups = [{ 'sys name': 'North', 'rtu no': 101, hosts: `${RTU_HOST}:${rtus.ports[0]}`, t2: 1 }];
    const nats = await startNatsServer();
    system = await System.start(groups, { nats, routers: 1, gateways: 2, selection: ['all'], afterwards });
    const address = `127.0.0.1:${await freePort()}`;
    const where = ['--nats', nats.url, '-i', system.file, '--http', `127.0.0.1:${await freePort()}`];
    const console = new Program(['console', ...where, '--console', address], directory, afterwards);
    url = `http://${address}`;
    await console.answers(`${url}/api/v1/session`);
    for (const host of GATEWAY_HOSTS.slice(0, 2)) startMaster(system.port, '127.0.0.11', 101, afterwards, host);
    browser = await startBrowser(afterwards);
  });

  test('shows the masters of both gateways, and who serves what', async () => {
    const page = await openPage(browser, `${url}/#/group/1`);
    const masters = page.getByRole('region', { name: 'Table of masters' }).locator('tbody tr');
    await expect.poll(() => masters.count(), { timeout: PATIENCE_MS }).toBe(2);
    const gateways = await masters.locator('td:nth-child(11)').allInnerTexts();
    expect(new Set(gateways).size).toBe(2);
    await page.locator('.facts').getByText(`${GATEWAY_HOSTS[1]}:${system.port}`).waitFor();

    await page.goto(`${url}/#/system`);
    const processes = page.getByRole('region', { name: 'Table of processes' }).locator('tbody tr');
    // A connector, a router, two gateways, and the console itself.
    await expect.poll(() => processes.count(), { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(4);
    await processes.getByText('links of 1').waitFor();
    await processes.getByText('routes 1').waitFor();
    await page.locator('.facts').getByText('NATS', { exact: true }).waitFor();

    await page.goto(`${url}/#/logs?group=1`);
    const log = page.getByRole('log');
    // Of the connector, and of a gateway or the router.
    await log.getByText('RTU sends data').first().waitFor({ timeout: PATIENCE_MS });
    await log.getByText('master connected').first().waitFor({ timeout: PATIENCE_MS });

    await page.goto(`${url}/#/traffic?group=1`);
    await page.getByText('Nothing has passed that fits').waitFor();
    await rtus.send(100);
    await page.locator('tbody').getByText('M_SP_TB_1').first().waitFor({ timeout: PATIENCE_MS });
    await closePage(page);
  });

  test('restarts a group, and sees its RTU lost and back without a reload', async () => {
    const page = await openPage(browser, `${url}/#/group/1`);
    await page.getByRole('button', { name: 'Restart' }).click();
    await page.getByRole('dialog').getByText('2 masters are disconnected').waitFor();
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
    const [connector] = system.connectors;
    connector?.kill('SIGSTOP');
    try {
      await row.getByText('silent').waitFor({ timeout: PATIENCE_MS });
      await page.getByRole('button', { name: /^silent/ }).waitFor();
      await page.goto(`${url}/#/system`);
      await page.locator('tbody').getByText('silent for').waitFor({ timeout: PATIENCE_MS });
    } finally {
      connector?.kill('SIGCONT');
    }
    await until('it answers again', async () => (await page.locator('tbody').getByText('silent for').count()) === 0);
    await closePage(page);
  });
});
