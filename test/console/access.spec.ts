/** Who somebody is by the word of a proxy, and the clock as NTP has it: programs with other options than those of scene.ts. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { freePort } from '../free-port.ts';
import { SntpServer } from '../integration/sntp-server.ts';
import { afterThese } from './afterwards.ts';
import { CHROMIUM, closePage, openPage, startBrowser } from './browser.ts';
import { csvOf, PATIENCE_MS, Program, RTU_HOST, temporaryFolder } from './programs.ts';

/** Root alone may set the clock, and has to be kept from it. */
const SETPRIV = requireTool('setpriv');
const WITHOUT_CLOCK =
  process.getuid?.() === 0 ? [SETPRIV ?? '', '--bounding-set=-sys_time', '--inh-caps=-sys_time'] : ['env'];
const CAP_SYS_TIME = 25n;
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

  /** @param by a command that starts it */
  async function start(by: readonly string[], ...options: string[]): Promise<string> {
    const address = `127.0.0.1:${await freePort()}`;
    const http = `127.0.0.1:${await freePort()}`;
    const args = ['run', '-i', 'groups.csv', '--http', http, '--console', address, ...options];
    await new Program(args, directory, afterwards, {}, by).answers(`http://${address}/api/v1/session`);
    return `http://${address}`;
  }

  describe('behind a proxy', () => {
    let url: string;
    let elsewhere: string;
    beforeAll(async () => {
      const proxy = ['--console-auth', 'proxy', '--console-roles', ROLES, '--console-proxy'];
      [url, elsewhere] = await Promise.all([start([], ...proxy, '127.0.0.1/32'), start([], ...proxy, '192.0.2.0/24')]);
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
      await page.goto(`${url}/#/system`);
      await says(page, 'off');
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

  const clockOf = (page: Page) => page.locator('.facts section').first();
  const says = (page: Page, word: string | RegExp): Promise<void> =>
    clockOf(page).getByText(word, { exact: true }).first().waitFor({ timeout: PATIENCE_MS });
  const offset = (page: Page): Promise<string> => clockOf(page).locator('dd').nth(2).innerText();

  test('says what NTP does, as it changes: trying and why, synchronised, not set', async () => {
    const server = await SntpServer.start();
    server.answers = false;
    const page = await openPage(browser, `${await start([], '-s', server.address, '-t', '1')}/#/system`);
    await says(page, 'trying');
    await clockOf(page).getByText(`${server.address}: `).waitFor({ timeout: PATIENCE_MS });
    server.answers = true;
    await says(page, 'synchronised');
    expect(await offset(page)).toMatch(/^-?\d+\.\d ms$/);
    server.aheadSeconds = 40;
    await says(page, 'not set');
    expect(await offset(page)).toMatch(/^(39|40)\d{3}\.\d ms$/);
    await closePage(page);
  });

  test.skipIf(!SETPRIV)('says that NTP has no privilege where the clock is to be set and may not be', async () => {
    // Whoever runs the tests may be root: not a single try may succeed.
    const { stdout } = await promisify(execFile)(WITHOUT_CLOCK[0] as string, [
      ...WITHOUT_CLOCK.slice(1),
      'cat',
      '/proc/self/status',
    ]);
    const effective = BigInt(`0x${/^CapEff:\s*(\w+)$/m.exec(stdout)?.[1]}`);
    expect((effective >> CAP_SYS_TIME) & 1n).toBe(0n);
    const server = await SntpServer.start();
    server.aheadSeconds = 2;
    const page = await openPage(
      browser,
      `${await start(WITHOUT_CLOCK, '-s', server.address, '-t', '1', '--set-clock')}/#/system`,
    );
    await says(page, 'no privilege');
    await clockOf(page)
      .getByText(/needs root or the capability CAP_SYS_TIME/)
      .waitFor();
    expect(await offset(page)).toMatch(/^(1|2)\d{3}\.\d ms$/);
    await page.getByRole('region', { name: 'Table of processes' }).getByText('no privilege').waitFor();
    await closePage(page);
  });
});
