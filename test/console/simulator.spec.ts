/** The page of `mm2ss simulate rtus`, without log files, and the view of the console on it. */
import { cp, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MasterSimulator } from '@iec104mm2ss/simulator';
import type { Role } from '@iec104mm2ss/console-api';
import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { afterThese } from './afterwards.ts';
import { accessibilityFaults, CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import { Program, RTU_HOST, temporaryFolder, until } from './programs.ts';
import { type Scene, startScene } from './scene.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples/simulator');

describe.skipIf(!CHROMIUM)('the view of the simulator in the console', () => {
  const afterwards = afterThese();
  let scene: Scene;
  let browser: Browser;
  beforeAll(async () => {
    [scene, browser] = await Promise.all([startScene(afterwards), startBrowser(afterwards)]);
  });
  const open = (role: Role, path = '') =>
    openPage(browser, `${scene.url}/${path}`, { credentials: scene.credentials(role) });

  test('is reached from the others; an operator sends, stops and takes RTUs off, and it is a change', async () => {
    const page = await open('operator');
    await page.getByRole('link', { name: 'Simulator' }).click();
    const first = page.locator('tr[data-id="1"]');
    await first.locator('.state', { hasText: 'online' }).waitFor();
    await page.getByLabel('Index').fill('100');
    await page.getByLabel('RTU no').selectOption('101');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Index 100: 3 rows sent; RTUs: 1 sent.').waitFor();
    await page
      .getByRole('log', { name: 'RTU 1: signals and events' })
      .getByText('M_ME_TF_1 IOA 1001')
      .first()
      .waitFor();
    await page.getByLabel('Duration').fill('600');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await first.getByText('sending 100').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page
      .getByText('Stopped at 1 RTUs.')
      .or(page.getByText(/: \d+ rows sent.*1 stopped/))
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Offline RTU 1' }).click();
    await first.locator('.state', { hasText: 'offline' }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Online RTU 1' }).click();
    await first.locator('.state', { hasText: 'online' }).waitFor();
    await page.getByRole('link', { name: 'Changes' }).click();
    const change = page.locator('tr', { hasText: 'RTU simulator: offline' });
    await change.getByText(/^operator at /).waitFor();
    await change.getByText(/id=1/).waitFor();
    await page
      .locator('tr', { hasText: 'RTU simulator: send' })
      .getByText(/index=100/)
      .first()
      .waitFor();
    await closePage(page);
  });

  test('is one to look at for a viewer', async () => {
    const page = await open('viewer', '#/simulator');
    await page.locator('tr[data-id="3"] .state', { hasText: 'online' }).waitFor();
    for (const name of ['Send', 'Stop', 'Offline RTU 1', 'Restart RTU 1']) {
      expect({ name, count: await page.getByRole('button', { name, exact: true }).count() }).toEqual({
        name,
        count: 0,
      });
    }
    expect((await scene.post('/simulator/rtus/1/offline', 'viewer')).status).toBe(403);
    await closePage(page);
  });

  test('says so when the simulator does not answer, and shows what it knew', async () => {
    const page = await open('viewer', '#/simulator');
    const third = page.locator('tr[data-id="3"]');
    await third.waitFor();
    await scene.rtus.stop();
    await page.getByText(/The simulator at http:.* cannot be asked: ECONNREFUSED. What is shown is older/).waitFor();
    expect(await third.count()).toBe(1);
    await closePage(page);
  });
});

describe.skipIf(!CHROMIUM)('the page of the simulator', () => {
  const afterwards = afterThese();
  let browser: Browser;
  let url: string;
  let master: MasterSimulator;
  const events: number[] = [];

  beforeAll(async () => {
    browser = await startBrowser(afterwards);
    const folder = await temporaryFolder(afterwards);
    const ports = [await freePort(), await freePort()];
    const rows = ports.map((port, at) => `${at + 1},RTU ${at + 1},${at + 1},${port},,12,60,north.csv`);
    await writeFile(join(folder, 'iec104rs.csv'), rows.join('\n'));
    await cp(join(EXAMPLES, 'data'), join(folder, 'data'), { recursive: true });
    const http = `127.0.0.1:${await freePort()}`;
    const args = ['simulate', 'rtus', '--listen', RTU_HOST, '--http', http, '--no-log'];
    new Program(args, folder, afterwards);
    url = `http://${http}/`;
    await until('it listens', async () =>
      fetch(url).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    master = new MasterSimulator({
      host: RTU_HOST,
      port: ports[0] as number,
      ca: 1,
      onAsdu: ({ octets }) => events.push(octets[0] as number),
    });
    afterwards(() => master.close());
    await master.connect();
  });

  test('shows the RTUs, sends an index, and what was sent and interrogated in the logs', async () => {
    const page = await openPage(browser, url);
    const first = page.locator('tr[data-id="1"]');
    await first.locator('.state', { hasText: 'online' }).waitFor();
    expect(await page.locator('tr[data-id="2"]').innerText()).toContain('listening');
    await page.getByLabel('Index').fill('200');
    await page.getByLabel('RTU no').selectOption('1');
    events.length = 0;
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByRole('status').getByText('Index 200: 3 rows sent; RTUs: 1 sent.').waitFor();
    expect(events).toEqual([31, 30, 1]);
    await first.getByText('200', { exact: true }).waitFor();
    await page.getByRole('log', { name: 'RTU 1: signals and events' }).getByText('M_DP_TB_1 IOA 301').waitFor();
    await master.interrogate();
    const gi = page.getByRole('log', { name: 'RTU 1: general interrogations' });
    await gi.getByText('GI ended').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await closePage(page);
  });

  test('stops what is being sent', async () => {
    const page = await openPage(browser, url);
    await page.getByLabel('Duration').fill('600');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('tr[data-id="1"]').getByText('sending 0').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page
      .getByRole('status')
      .getByText(/stopped/)
      .waitFor();
    await closePage(page);
  });

  test('takes an RTU off the network, and back', async () => {
    const page = await openPage(browser, url);
    const second = page.locator('tr[data-id="2"]');
    await page.getByRole('button', { name: 'Offline RTU 2' }).click();
    await second.locator('.state', { hasText: 'offline' }).waitFor();
    await page.getByRole('button', { name: 'Online RTU 2' }).click();
    await second.locator('.state', { hasText: 'listening' }).waitFor();
    await page.getByRole('button', { name: 'Drop RTU 1' }).click();
    await page.locator('tr[data-id="1"] .state', { hasText: 'listening' }).waitFor();
    await closePage(page);
  });
});
