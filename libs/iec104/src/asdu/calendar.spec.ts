import { describe, expect, it } from 'vitest';
import { calendarDay, CENTURY_DAYS, CENTURY_START_MS, dayNumber, MS_PER_DAY } from './calendar.js';

describe('the calendar', () => {
  it('agrees with the built-in one on every day of the century', () => {
    expect(CENTURY_START_MS).toBe(Date.UTC(2000, 0, 1));
    expect(CENTURY_START_MS + CENTURY_DAYS * MS_PER_DAY).toBe(Date.UTC(2100, 0, 1));
    for (let days = 0; days < CENTURY_DAYS; days++) {
      const date = new Date(CENTURY_START_MS + days * MS_PER_DAY);
      const expected = {
        year: date.getUTCFullYear() - 2000,
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        dayOfWeek: date.getUTCDay() || 7,
      };
      const found = calendarDay(days);
      if (JSON.stringify(found) !== JSON.stringify(expected)) expect(found).toEqual(expected);
      if (dayNumber(found.year, found.month, found.day) !== days)
        expect(days).toBe(dayNumber(found.year, found.month, found.day));
    }
  });

  it('knows no 30 February, no 31 April and no month 0', () => {
    expect(dayNumber(0, 2, 29)).toBe(59);
    for (const [year, month, day] of [
      [0, 2, 30],
      [1, 2, 29],
      [26, 4, 31],
      [26, 0, 1],
      [26, 13, 1],
      [26, 1, 0],
      [100, 1, 1],
    ] as const) {
      expect(dayNumber(year, month, day)).toBeUndefined();
    }
  });
});
