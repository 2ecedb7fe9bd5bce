/// <reference lib="dom" />
/** What happens while the page is open: an RTU that is lost, a server that is silent. */
import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterThese } from './afterwards.ts';
import { CHROMIUM, closePage, openPage, type PageOptions, startBrowser } from './browser.ts';
import { PATIENCE_MS, until } from './programs.ts';
import { type Scene, startScene } from './scene.ts';

/** From the event to what is drawn: one to compute it, one to draw it, and one that had begun. */
const MOST_FRAMES = 3;

interface Counted {
  /** For each state of group 3 that was told: frames until the page had it. */
  tookFrames: number[];
}

/** Runs in the page: counts frames from each event that tells a state of group 3 until its row is another one. */
function countFrames(): void {
  const counted = globalThis as unknown as Counted;
  counted.tookFrames = [];
  let frame = 0;
  let toldAt: number | undefined;
  const tick = (): void => {
    frame++;
    requestAnimationFrame(tick);
  };
  tick();
  const Native = EventSource;
  globalThis.EventSource = class extends Native {
    constructor(url: string | URL) {
      super(url);
      this.addEventListener('delta', (event: MessageEvent<string>) => {
        const { changed } = JSON.parse(event.data) as { changed: { id: string; state?: string }[] };
        if (changed.some(({ id, state }) => id === '3' && state !== undefined)) toldAt = frame;
      });
    }
  };
  let before = '';
  new MutationObserver(() => {
    const text = document.querySelector('tr[data-id="3"] .c-state')?.textContent ?? before;
    if (text === before) return;
    before = text;
    if (toldAt !== undefined) counted.tookFrames.push(frame - toldAt);
    toldAt = undefined;
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

describe.skipIf(!CHROMIUM)('the console while things happen', () => {
  const afterwards = afterThese();
  let scene: Scene;
  let browser: Browser;

  beforeAll(async () => {
    [scene, browser] = await Promise.all([startScene(afterwards), startBrowser(afterwards)]);
  });

  const open = (path: string, options: PageOptions = {}): Promise<Page> =>
    openPage(browser, `${scene.url}/${path}`, { credentials: scene.credentials('operator'), ...options });

  test('an RTU that is lost and comes back is seen without a reload, in the frame after the page hears of it', async () => {
    const page = await open('#/groups');
    await page.addInitScript(countFrames);
    await page.reload();
    const row = page.locator('tr[data-id="3"]');
    await row.getByText('started').waitFor();
    const seen = async (states: readonly string[], words: RegExp): Promise<void> => {
      await until(`the server knows ${states.join(' or ')}`, async () =>
        states.includes((await scene.row('3')).state ?? ''),
      );
      await row.locator('.c-state').getByText(words).waitFor({ timeout: PATIENCE_MS });
    };
    await scene.rtus.order(3, 'offline');
    await seen(['disconnected', 'connecting'], /down|connecting/);
    await page.getByRole('button', { name: /RTU down/ }).waitFor();
    await scene.rtus.order(3, 'online');
    await seen(['started'], /started/);
    // Frames, not time: a busy machine makes them longer, not more. That the page hears of it within two seconds is in overview.spec.ts.
    const took = await page.evaluate(() => (globalThis as unknown as Counted).tookFrames);
    expect(took.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...took)).toBeLessThanOrEqual(MOST_FRAMES);
    await closePage(page);
  });

  test('a program that ends is said, with the time of the values, and its return is seen without a reload', async () => {
    const page = await open('#/groups');
    await page.locator('tr[data-id="1"]').waitFor();
    const before = (await scene.row('2')).linkEpoch ?? 0;
    expect((await scene.post('/groups/2/restart')).status).toBe(200);
    // Who did it is written to disk meanwhile.
    await until('a new link', async () => ((await scene.row('2')).linkEpoch ?? 0) > before);
    await until('the master is back', async () => (await scene.row('2')).mastersStarted === 1);
    await scene.program().kill();
    await page
      .locator('.banner.bad')
      .getByText(/Values are as of \d\d:\d\d:\d\d/)
      .waitFor();
    expect(await page.locator('main.stale').count()).toBe(1);
    await scene.startAgain();
    await page
      .locator('.top')
      .getByText(/^live \d\d:/)
      .waitFor({ timeout: PATIENCE_MS });
    expect(await page.locator('main.stale, .banner').count()).toBe(0);
    // Who changed what is known still.
    await page.goto(`${scene.url}/#/changes`);
    const change = page.locator('tbody tr', { hasText: 'restart' }).first();
    await change.waitFor({ timeout: PATIENCE_MS });
    expect(await change.innerText()).toMatch(/operator at 127\.0\.0\.1/);
    await closePage(page);
  });

  test('a server that hangs without a word is not taken for a healthy one', async () => {
    const page = await open('#/groups', { clock: true });
    await page.locator('tr[data-id="1"]').waitFor();
    scene.program().signal('SIGSTOP');
    try {
      // It has been told every five seconds that all is well; twelve without that are enough.
      await page.clock.fastForward(13_000);
      await page.locator('.banner.bad').waitFor({ timeout: PATIENCE_MS });
      expect(await page.locator('main.stale').count()).toBe(1);
    } finally {
      scene.program().signal('SIGCONT');
    }
    await page
      .locator('.top')
      .getByText(/^live \d\d:/)
      .waitFor({ timeout: PATIENCE_MS });
    await closePage(page);
  });

  test('a log that was scrolled away from does not move, and says how much is new', async () => {
    const page = await open('#/logs?group=2', { height: 300 });
    const lines = page.getByRole('log');
    const restart = async (): Promise<void> => {
      const count = await lines.locator('.line').count();
      expect((await scene.post('/groups/2/restart')).status).toBe(200);
      await until('the link is up again', async () => (await scene.row('2')).mastersStarted === 1);
      await until('lines of that', async () => (await lines.locator('.line').count()) > count);
    };
    await lines.getByText('RTU sends data').first().waitFor();
    await restart();
    const atEnd = () =>
      lines.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 24);
    await until('it follows', atEnd);
    await lines.hover();
    await page.mouse.wheel(0, -400);
    await page.getByRole('button', { name: 'Follow' }).waitFor();
    const top = await lines.evaluate((element) => element.scrollTop);
    await restart();
    const button = page.getByRole('button', { name: /^\d+ new/ });
    await button.waitFor();
    expect(await lines.evaluate((element) => element.scrollTop)).toBe(top);
    await button.click();
    await until('it follows again', atEnd);
    await closePage(page);
  });
});
