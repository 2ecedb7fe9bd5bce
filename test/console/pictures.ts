/**
 * Draws the pictures of docs/console.md from a running system:
 *
 *   node --conditions=@iec104mm2ss/source --import ./test/simulation/runner/sources.mjs test/console/pictures.ts docs/images
 *
 * With `all` behind the folder: every view in both themes, on a screen and on a phone, to be looked at.
 */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseCommand } from '@iec104mm2ss/simulator';
import { chromium, type Page } from 'playwright-core';
import { requireTool } from '../../tools/require.mjs';
import { freePort } from '../free-port.ts';
import { csvOf, Program, RTU_HOST, startMaster, startRtus, temporaryFolder } from './programs.ts';

const NAMES = ['RTU-ABB', 'Dreez-SCS', 'Liwa-SCS', 'Harbour', 'North 110 kV', 'North 20 kV', 'Airport', 'Water works'];
const MORE = [
  'Old town',
  'Tram depot',
  'University',
  'Stadium',
  'Wind farm A',
  'Wind farm B',
  'Bridge',
  'South 110 kV',
];
/** Commands, restarts and an RTU that is away make the pictures those of a normal day. */
const RUNS_MS = 60_000;
const SECONDS_BETWEEN_STATES = 700;

const PICTURES = [
  ['groups', '#/groups', 1440, 'light'],
  ['group', '#/group/111', 1440, 'dark'],
  ['edit', '#/edit/112', 1440, 'light'],
  ['compare', '#/compare?a=113&b=111', 1440, 'light'],
  ['groups', '#/groups', 390, 'dark'],
] as const;

const ALL = ([1440, 390] as const).flatMap((width) =>
  (['light', 'dark'] as const).flatMap((theme) =>
    [
      ...[
        ['groups', '#/groups'],
        ['group', '#/group/111'],
        ['gone', '#/group/1'],
        ['edit', '#/edit/112'],
      ],
      ...[
        ['compare', '#/compare?a=113&b=111'],
        ['logs', '#/logs?group=111'],
        ['traffic', '#/traffic?group=111'],
      ],
      ...[
        ['commands', '#/commands'],
        ['changes', '#/changes'],
        ['configuration', '#/configuration'],
      ],
      ...[['system', '#/system']],
    ].map(([name = '', path = '']) => [name, path, width, theme] as const),
  ),
);

const folder = resolve(process.argv[2] ?? 'docs/images');
const ends: (() => void | Promise<void>)[] = [];
const afterwards = (end: () => void | Promise<void>): number => ends.push(end);
try {
  await draw();
} finally {
  for (const end of ends.reverse()) await end();
}

async function draw(): Promise<void> {
  const names = [...NAMES, ...MORE];
  const directory = await temporaryFolder(afterwards);
  const rtus = await startRtus(names.length, directory, afterwards);
  const groups = [];
  for (const [index, name] of names.entries()) {
    const named =
      index === 4 ? 'Main=127.0.0.11;Backup=127.0.0.12;Test=127.0.0.19' : 'Main=127.0.0.11;Backup=127.0.0.12';
    groups.push({
      id: 111 + index,
      'sys name': name,
      'port no': await freePort(),
      'rtu no': 101 + index,
      hosts: `${RTU_HOST}:${rtus.ports[index]};${RTU_HOST}:2`,
      masters: named,
    });
  }
  const broken = { id: 900, 'sys name': 'New substation', 'port no': 70_000, 'rtu no': 117, hosts: '10.1.7.4' };
  await writeFile(join(directory, 'groups.csv'), csvOf([...groups, broken]));
  const address = `127.0.0.1:${await freePort()}`;
  const http = `127.0.0.1:${await freePort()}`;
  const program = new Program(['run', '-i', 'groups.csv', '--http', http, '--console', address], directory, afterwards);
  await program.answers(`http://${address}/api/v1/session`);
  const masters = groups.flatMap((group) =>
    [11, 12].map((host) => startMaster(group['port no'], `127.0.0.${host}`, group['rtu no'], afterwards)),
  );
  const traffic = setInterval(() => void rtus.send(100).catch(() => undefined), SECONDS_BETWEEN_STATES);
  afterwards(() => clearInterval(traffic));
  await delay(RUNS_MS / 2);
  await rtus.order(9, 'offline');
  await rtus.order(14, 'drop');
  for (const master of masters.slice(0, 6)) await master.command(parseCommand('single 5001 on')).catch(() => undefined);
  const headers = { origin: `http://${address}`, 'content-type': 'application/json' };
  await fetch(`http://${address}/api/v1/groups/113/restart`, { method: 'POST', headers, body: '{}' });
  await delay(RUNS_MS / 2);
  await takeAll(`http://${address}`);
}

async function takeAll(url: string): Promise<void> {
  const executablePath = requireTool('chromium');
  if (executablePath === undefined) throw new Error('no Chromium on this machine');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  afterwards(() => browser.close());
  for (const [name, path, width, colorScheme] of process.argv[3] === 'all' ? ALL : PICTURES) {
    const context = await browser.newContext({ viewport: { width, height: 860 }, colorScheme });
    const page = await context.newPage();
    await page.goto(`${url}/${path}`);
    await settled(page, name);
    await page.screenshot({ path: join(folder, `console-${name}-${width}-${colorScheme}.png`) });
    await context.close();
  }
}

async function settled(page: Page, name: string): Promise<void> {
  await page.locator('h1').waitFor();
  if (name === 'edit') await page.getByLabel('max conn').fill('8');
  await delay(2_000);
}
