import { describe, expect, it } from 'vitest';
import { isPrintable, printable } from './printable.js';

describe('printable', () => {
  it.each([
    ['a line end', 'a\nb', 'a\\u{a}b'],
    ['NUL', 'a\0b', 'a\\u{0}b'],
    ['an escape sequence', '\u001b[2J', '\\u{1b}[2J'],
    ['the other direction', 'a\u202eb', 'a\\u{202e}b'],
    ['a separator of lines', 'a\u2028b', 'a\\u{2028}b'],
    ['half a pair', 'a\ud800b', 'a\\u{d800}b'],
  ])('shows %s and lets it do nothing', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(isPrintable(text)).toBe(false);
  });

  it('leaves names of all languages as they are, and cuts long ones', () => {
    for (const name of ['scada-a', 'Umspannwerk Süd', 'محطة', '変電所']) {
      expect(printable(name)).toBe(name);
      expect(isPrintable(name)).toBe(true);
    }
    expect(printable('x'.repeat(500))).toHaveLength(123);
  });
});
