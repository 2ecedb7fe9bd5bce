/*
 * The calendar of CP56Time2a: the years 2000..2099, in which every fourth year is a leap year. Done by hand because
 * this library is given its time and has no `Date`.
 */

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
const DAYS_PER_FOUR_YEARS = 1461;
const FEBRUARY = 2;
/** 2000-01-01 was a Saturday: day 6 when Monday is day 1. */
const FIRST_WEEKDAY = 6;

/** Days in 2000..2099. */
export const CENTURY_DAYS = 25 * DAYS_PER_FOUR_YEARS;
/** 2000-01-01T00:00Z in milliseconds since 1970. */
export const CENTURY_START_MS = 946_684_800_000;
export const MS_PER_DAY = 86_400_000;

export interface CalendarDay {
  /** 0..99 for 2000..2099. */
  year: number;
  /** 1..12. */
  month: number;
  /** 1..31. */
  day: number;
  /** 1..7 from Monday to Sunday. */
  dayOfWeek: number;
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0;
}

function daysBefore(year: number, month: number): number {
  const leapDay = isLeapYear(year) && month > FEBRUARY ? 1 : 0;
  return DAYS_BEFORE_MONTH[month - 1]! + leapDay;
}

/** Days since 2000-01-01; undefined when the calendar has no such day. */
export function dayNumber(year: number, month: number, day: number): number | undefined {
  if (year < 0 || year > 99 || month < 1 || month > 12 || day < 1) return undefined;
  const daysInMonth = DAYS_BEFORE_MONTH[month]! - DAYS_BEFORE_MONTH[month - 1]!;
  if (day > daysInMonth + (isLeapYear(year) && month === FEBRUARY ? 1 : 0)) return undefined;
  const leapDaysBeforeYear = Math.floor((year + 3) / 4);
  return year * 365 + leapDaysBeforeYear + daysBefore(year, month) + day - 1;
}

/** The day that is `days` (0..CENTURY_DAYS - 1) after 2000-01-01. */
export function calendarDay(days: number): CalendarDay {
  const fourYears = Math.floor(days / DAYS_PER_FOUR_YEARS);
  const rest = days % DAYS_PER_FOUR_YEARS;
  // The first of the four is the leap year with its 366 days.
  const yearOfFour = Math.max(0, Math.floor((rest - 1) / 365));
  const year = fourYears * 4 + yearOfFour;
  const dayOfYear = rest - (yearOfFour === 0 ? 0 : yearOfFour * 365 + 1);
  let month = 12;
  while (daysBefore(year, month) > dayOfYear) month--;
  return {
    year,
    month,
    day: dayOfYear - daysBefore(year, month) + 1,
    dayOfWeek: ((days + FIRST_WEEKDAY - 1) % 7) + 1,
  };
}
