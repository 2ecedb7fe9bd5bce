/** The page of `mm2ss simulate rtus`. */
import { cp, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MasterSimulator } from '@iec104mm2ss/simulator';
import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { afterThese } from './afterwards.ts';
import { accessibilityFaults, CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import { Program, RTU_HOST, temporaryFolder, until } from './programs.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples/simulator');

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
    const args = ['simulate', 'rtus', '--listen', RTU_HOST, '--http', http];
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
    expect(await accessibilityFaults(page, false)).toEqual([]);
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
