/// <reference lib="dom" />
/** A real Chromium, and pages in it that must not complain. */
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import type { Afterwards } from './programs.ts';

/** Undefined: it cannot be had here. */
export const CHROMIUM = requireTool('chromium');

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  readonly reducedMotion?: boolean;
  /** Time can be put forward: `page.clock.fastForward`. */
  readonly clock?: boolean;
  /** Of HTTP's basic authentication. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

export async function startBrowser(afterwards: Afterwards): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM as string,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  afterwards(() => browser.close());
  return browser;
}

/** What the browser says that nobody should have to read: errors of scripts, breaches of the content security policy. */
const complaints = new WeakMap<Page, string[]>();
/** The browser's own word for an answer that the page shows to its user, and for a server that is gone. */
const SHOWN_BY_THE_PAGE = /Failed to load resource|net::ERR_/;

export async function openPage(browser: Browser, url: string, options: PageOptions = {}): Promise<Page> {
  const { width = 1440, height = 900, theme = 'light', reducedMotion = true, credentials } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    ...(credentials && { httpCredentials: { ...credentials, send: 'always' as const } }),
  });
  const page = await context.newPage();
  const said: string[] = [];
  complaints.set(page, said);
  page.on('pageerror', (error) => said.push(error.stack ?? error.message));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !SHOWN_BY_THE_PAGE.test(text)) said.push(text);
  });
  if (options.clock === true) await page.clock.install();
  await page.goto(url);
  return page;
}

export async function closePage(page: Page): Promise<void> {
  await page.context().close();
  expect(complaints.get(page)).toEqual([]);
}

/** What a theme can make wrong. */
const RULES_OF_COLOUR = ['color-contrast', 'link-in-text-block'];

/** What axe finds, a line each; in the dark, what colours can make wrong. The page is in the light theme then, as the system has it. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const light = await faultsOf(axeOf(page).withTags(tags));
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await faultsOf(axeOf(page).withRules(RULES_OF_COLOUR));
  await page.emulateMedia({ colorScheme: 'light' });
  return [...light, ...dark.map((fault) => `dark: ${fault}`)];
}

/** Without a page of its own for each look, as there are no frames. */
const axeOf = (page: Page): AxeBuilder => new AxeBuilder({ page }).setLegacyMode(true);

async function faultsOf(axe: AxeBuilder): Promise<string[]> {
  const { violations } = await axe.analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary}`),
  );
}
