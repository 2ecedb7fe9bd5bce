/// <reference lib="dom" />
/** The list of groups in a real Chromium, and how smooth it is. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

const TOOLS = fileURLToPath(new URL('../../tools/get', import.meta.url));
/** What somebody notices: the browser's own word for it is a long task. */
const LONG_TASK_MS = 50;

export interface Smoothness {
  readonly what: string;
  /** Tasks of the page that took longer than LONG_TASK_MS, and the longest. */
  readonly longTasks: number;
  readonly longestMs: number;
  /** From the input to the frame that shows what came of it, the longest of all; undefined: there was none. */
  readonly slowestMs: number | undefined;
}

interface Noted {
  tasks: number[];
}

/** Opens the list and waits until all groups are in it. */
export async function openList(url: string, groups: number): Promise<{ page: Page; close: () => Promise<void> }> {
  const executablePath = execFileSync(TOOLS, ['chromium'], { encoding: 'utf8' }).trim();
  const browser: Browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(() => {
    const noted = globalThis as unknown as Noted;
    noted.tasks = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) noted.tasks.push(duration);
    }).observe({ type: 'longtask' });
  });
  await page.goto(`${url}/#/groups`);
  await page.waitForFunction((count) => document.querySelectorAll('tr[data-id]').length === count, groups, {
    timeout: 60_000,
  });
  return { page, close: () => browser.close() };
}

/** Does something several times in the page; each time resolves with how long it took, if that means something. */
export async function smoothness(
  page: Page,
  what: string,
  times: number,
  act: () => Promise<number | void>,
): Promise<Smoothness> {
  await page.evaluate(() => ((globalThis as unknown as Noted).tasks = []));
  const took: number[] = [];
  for (let count = 0; count < times; count++) {
    const ms = await act();
    if (typeof ms === 'number') took.push(ms);
  }
  const tasks = await page.evaluate(() => (globalThis as unknown as Noted).tasks);
  const long = tasks.filter((ms) => ms > LONG_TASK_MS);
  return {
    what,
    longTasks: long.length,
    longestMs: Math.max(0, ...long),
    slowestMs: took.length === 0 ? undefined : Math.max(...took),
  };
}

/** Runs in the page: scrolls by a screen, and says how long until the second frame after that. */
export const scroll = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const list = document.querySelector('.scroll') as HTMLElement;
    const at = performance.now();
    const isEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 1;
    list.scrollTop = isEnd ? 0 : list.scrollTop + list.clientHeight;
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    return performance.now() - at;
  });

/** Runs in the page: sorts by the next column. */
export const sort = (page: Page, column: number): Promise<number> =>
  page.evaluate(async (index) => {
    const buttons = document.querySelectorAll<HTMLElement>('thead button');
    const at = performance.now();
    buttons[index % buttons.length]?.click();
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    return performance.now() - at;
  }, column);

/** Runs in the page: types a filter. */
export const filter = (page: Page, text: string): Promise<number> =>
  page.evaluate(async (value) => {
    const input = document.querySelector('input[type="search"], .bar input') as HTMLInputElement;
    const at = performance.now();
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    return performance.now() - at;
  }, text);
