/** Light, dark, or as the system has it. */
import { effect, signal } from '@preact/signals';
import { remembered } from './remembered.js';

export type Theme = 'system' | 'light' | 'dark';
const NEXT: Readonly<Record<Theme, Theme>> = { system: 'dark', dark: 'light', light: 'system' };

export const theme = remembered<Theme>('theme', 'system', (value) => value in NEXT);

const preferred = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(preferred.matches);

export const isDark = (): boolean => (theme.value === 'system' ? systemIsDark.value : theme.value === 'dark');

export function nextTheme(): void {
  theme.value = NEXT[theme.value];
}

export function startTheme(): void {
  preferred.addEventListener('change', ({ matches }) => {
    systemIsDark.value = matches;
  });
  effect(() => {
    if (theme.value === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme.value;
  });
}
