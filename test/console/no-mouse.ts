/// <reference lib="dom" />
/** What somebody without a mouse has: Tab, keys, and where the focus is. */
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

const hasFocus = (target: Locator): Promise<boolean> =>
  target.evaluate((element) => element === document.activeElement);

/** More than any view has places for the focus. */
const MOST_STEPS = 120;

/** Goes on by Tab until it has the focus. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let steps = 0; !(await hasFocus(target)); steps++) {
    if (steps > MOST_STEPS) throw new Error(`Tab does not get to ${String(target)}`);
    await page.keyboard.press('Tab');
  }
}

/** Goes there by Tab, and presses Enter. */
export async function press(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press('Enter');
}

export const focused = (target: Locator): Promise<void> => expect.poll(() => hasFocus(target)).toBe(true);

/** Says yes to the question that is asked. */
export async function confirm(page: Page, question: string | RegExp, action: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: question });
  await dialog.waitFor();
  await press(page, dialog.getByRole('button', { name: action }));
  await expect.poll(() => page.locator('dialog').count()).toBe(0);
}
