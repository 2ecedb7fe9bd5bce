/** Who somebody is by the word of a proxy, and the clock as NTP has it: programs with other options than those of scene.ts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { SntpServer } from '../integration/sntp-server.ts';
import { afterThese } from './afterwards.ts';
import { CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import { csvOf, PATIENCE_MS, Program, RTU_HOST, temporaryFolder } from './programs.ts';

const ROLES = 'operator=shift;engineer=alice';

describe.skipIf(!CHROMIUM)('the console', () => {
  const afterwards = afterThese();
  let browser: Browser;
  let directory: string;

  beforeAll(async () => {
    browser = await startBrowser(afterwards);
    directory = await temporaryFolder(afterwards);
    // Its RTU is nowhere: it is the console that is looked at.
    const group = { 'sys name': 'North', 'port no': await freePort(), 'rtu no': 101, hosts: `${RTU_HOST}:1` };
    await writeFile(join(directory, 'groups.csv'), csvOf([group]));
  });

  async function start(...options: string[]): Promise<string> {
    const address = `127.0.0.1:${await freePort()}`;
    const http = `127.0.0.1:${await freePort()}`;
    const args = ['run', '-i', 'groups.csv', '--http', http, '--console', address, ...options];
    await new Program(args, directory, afterwards).answers(`http://${address}/api/v1/session`);
    return `http://${address}`;
  }

  describe('behind a proxy', () => {
    let url: string;
    let elsewhere: string;
    beforeAll(async () => {
      const proxy = ['--console-auth', 'proxy', '--console-roles', ROLES, '--console-proxy'];
      [url, elsewhere] = await Promise.all([start(...proxy, '127.0.0.1/32'), start(...proxy, '192.0.2.0/24')]);
    });
    const as = async (where: string, headers: Record<string, string>): Promise<Page> => {
      const page = await openPage(browser, 'about:blank');
      await page.setExtraHTTPHeaders(headers);
      await page.goto(`${where}/#/group/1`);
      return page;
    };

    test.each([
      ['alice', {}, 'alice, engineer', 1],
      ['bob', { 'X-Auth-Request-Groups': 'office,shift' }, 'bob, operator', 1],
      ['eve', { 'X-Auth-Request-Groups': 'shiftless' }, 'eve, viewer', 0],
    ])('%s has the role that the proxy says', async (user, groups, shown, buttons) => {
      const page = await as(url, { 'X-Auth-Request-User': user, ...groups });
      await page.locator('.who').getByText(shown, { exact: true }).waitFor({ timeout: PATIENCE_MS });
      await page.getByRole('heading', { name: 'North' }).waitFor({ timeout: PATIENCE_MS });
      expect(await page.getByRole('button', { name: 'Restart' }).count()).toBe(buttons);
      await closePage(page);
    });

    test('what does not come from the proxy is worth nothing, and neither is a proxy that names nobody', async () => {
      for (const [where, headers, said] of [
        [elsewhere, { 'X-Auth-Request-User': 'alice' }, /through its proxy only/],
        [url, {}, /did not say who asks/],
      ] as const) {
        const page = await as(where, headers);
        await page.locator('body').getByText(said).first().waitFor({ timeout: PATIENCE_MS });
        expect(await page.getByText('North').count()).toBe(0);
        await closePage(page);
      }
    });
  });

  test.each([
    ['off', undefined, /^–$/],
    ['synchronised', 0, /^-?0\.\d ms|^-?\d+\.\d ms/],
    ['not set', 40, /^(39|40)\d{3}\.\d ms/],
  ] as const)('says that NTP is %s', async (shown, aheadS, offset) => {
    const server = await SntpServer.start();
    server.aheadSeconds = aheadS ?? 0;
    const options = aheadS === undefined ? [] : ['-s', server.address];
    const page = await openPage(browser, `${await start(...options)}/#/system`);
    const clock = page.locator('.facts section').first();
    await clock.getByText(shown, { exact: true }).waitFor({ timeout: PATIENCE_MS });
    expect(await clock.locator('dd').nth(2).innerText()).toMatch(offset);
    await closePage(page);
  });

  test('says that NTP is tried while no server answers, and why', async () => {
    const port = await freePort();
    const page = await openPage(browser, `${await start('-s', `127.0.0.1:${port}`)}/#/system`);
    const clock = page.locator('.facts section').first();
    await clock.getByText('trying', { exact: true }).waitFor({ timeout: PATIENCE_MS });
    await clock.getByText(`127.0.0.1:${port}: `).waitFor({ timeout: PATIENCE_MS });
    await closePage(page);
  });
});
