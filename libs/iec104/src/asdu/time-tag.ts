import { Iec104Error } from '../errors.js';
import { calendarDay, CENTURY_DAYS, CENTURY_START_MS, dayNumber, MS_PER_DAY } from './calendar.js';
import { checkedUint, readUint16, writeUint16 } from './fields.js';

/**
 * CP56Time2a, seven octets (IEC 60870-5-101 clause 7.2.6.18). Numbers are kept as sent, valid or not.
 *
 *   0..1  milliseconds of the minute, little-endian
 *   2     minute 0x3F, RES1 0x40, IV 0x80
 *   3     hour 0x1F, RES2 0x60, SU 0x80
 *   4     day of month 0x1F, day of week 0xE0
 *   5     month 0x0F, RES3 0xF0
 *   6     year 0x7F, RES4 0x80
 *
 * The standard gives it no zone: it is the clock of the station, which an installation should run on UTC.
 */
export interface Cp56Time {
  /** 0..99 are the years 2000..2099; the field holds 0..127. */
  year: number;
  /** 1..12; the field holds 0..15. */
  month: number;
  /** 1..31; the field holds 0..31. */
  day: number;
  /** 1..7 from Monday to Sunday; 0 = not used. */
  dayOfWeek: number;
  /** 0..23; the field holds 0..31. */
  hour: number;
  /** 0..59; the field holds 0..63. */
  minute: number;
  /** Milliseconds of the minute 0..59999; the field holds 0..65535. */
  milliseconds: number;
  /** Invalid. */
  iv: boolean;
  /** Summer time. */
  su: boolean;
  /** RES1, where used: the time is a substitute (set by a station on the way), not genuine. */
  substituted: boolean;
  /** RES2 in bits 0..1, RES3 in bits 2..5, RES4 in bit 6; only there when not zero. */
  reserved?: number;
}

/** CP24Time2a, three octets (clause 7.2.6.19): the first three octets of CP56Time2a, hour and date unknown. */
export interface Cp24Time {
  /** 0..59; the field holds 0..63. */
  minute: number;
  /** Milliseconds of the minute 0..59999; the field holds 0..65535. */
  milliseconds: number;
  iv: boolean;
  /** RES1, where used: the time is a substitute, not genuine. */
  substituted: boolean;
}

export const CP56_OCTETS = 7;
export const CP24_OCTETS = 3;
export const CP16_OCTETS = 2;

const MS_PER_MINUTE = 60_000;
const MINUTES_PER_HOUR = 60;
const CENTURY = 2000;

function requireOctets(octets: Uint8Array, offset: number, lengthOctets: number): void {
  if (offset < 0 || offset + lengthOctets > octets.length) {
    throw new Iec104Error('ASDU_TOO_SHORT', `a time tag needs ${lengthOctets} octets at ${offset} of ${octets.length}`);
  }
}

/** @throws Iec104Error `ASDU_TOO_SHORT` */
export function decodeCp56(octets: Uint8Array, offset = 0): Cp56Time {
  requireOctets(octets, offset, CP56_OCTETS);
  const minutes = octets[offset + 2]!;
  const hours = octets[offset + 3]!;
  const days = octets[offset + 4]!;
  const months = octets[offset + 5]!;
  const years = octets[offset + 6]!;
  const time: Cp56Time = {
    year: years & 0x7f,
    month: months & 0x0f,
    day: days & 0x1f,
    dayOfWeek: days >> 5,
    hour: hours & 0x1f,
    minute: minutes & 0x3f,
    milliseconds: readUint16(octets, offset),
    iv: (minutes & 0x80) !== 0,
    su: (hours & 0x80) !== 0,
    substituted: (minutes & 0x40) !== 0,
  };
  const reserved = ((hours >> 5) & 0x03) | ((months >> 4) << 2) | ((years >> 7) << 6);
  if (reserved !== 0) time.reserved = reserved;
  return time;
}

/**
 * Writes seven octets at `offset`.
 * @throws Iec104Error `ASDU_TOO_SHORT` (no room), `ASDU_VALUE_RANGE` (a number that does not fit its field)
 */
export function encodeCp56(time: Cp56Time, octets: Uint8Array, offset = 0): void {
  requireOctets(octets, offset, CP56_OCTETS);
  const reserved = checkedUint('reserved', time.reserved ?? 0, 0x7f);
  writeUint16('milliseconds', time.milliseconds, octets, offset);
  octets[offset + 2] = checkedUint('minute', time.minute, 63) | (time.substituted ? 0x40 : 0) | (time.iv ? 0x80 : 0);
  octets[offset + 3] = checkedUint('hour', time.hour, 31) | ((reserved & 0x03) << 5) | (time.su ? 0x80 : 0);
  octets[offset + 4] = checkedUint('day', time.day, 31) | (checkedUint('dayOfWeek', time.dayOfWeek ?? 0, 7) << 5);
  octets[offset + 5] = checkedUint('month', time.month, 15) | (((reserved >> 2) & 0x0f) << 4);
  octets[offset + 6] = checkedUint('year', time.year, 127) | ((reserved >> 6) << 7);
}

/** @throws Iec104Error `ASDU_TOO_SHORT` */
export function decodeCp24(octets: Uint8Array, offset = 0): Cp24Time {
  requireOctets(octets, offset, CP24_OCTETS);
  const minutes = octets[offset + 2]!;
  return {
    minute: minutes & 0x3f,
    milliseconds: readUint16(octets, offset),
    iv: (minutes & 0x80) !== 0,
    substituted: (minutes & 0x40) !== 0,
  };
}

/**
 * Writes three octets at `offset`.
 * @throws Iec104Error `ASDU_TOO_SHORT` (no room), `ASDU_VALUE_RANGE` (a number that does not fit its field)
 */
export function encodeCp24(time: Cp24Time, octets: Uint8Array, offset = 0): void {
  requireOctets(octets, offset, CP24_OCTETS);
  writeUint16('milliseconds', time.milliseconds, octets, offset);
  octets[offset + 2] = checkedUint('minute', time.minute, 63) | (time.substituted ? 0x40 : 0) | (time.iv ? 0x80 : 0);
}

/**
 * CP16Time2a (clause 7.2.6.20): an elapsed time in milliseconds, 0..59999 valid, 0..65535 kept as sent.
 * @throws Iec104Error `ASDU_TOO_SHORT`
 */
export function decodeCp16(octets: Uint8Array, offset = 0): number {
  requireOctets(octets, offset, CP16_OCTETS);
  return readUint16(octets, offset);
}

/** @throws Iec104Error `ASDU_TOO_SHORT` (no room), `ASDU_VALUE_RANGE` (not 0..65535) */
export function encodeCp16(elapsedMs: number, octets: Uint8Array, offset = 0): void {
  requireOctets(octets, offset, CP16_OCTETS);
  writeUint16('elapsedMs', elapsedMs, octets, offset);
}

export interface ZoneOptions {
  /**
   * Minutes the station's clock is ahead of UTC in standard (winter) time; 0 = the station runs on UTC. While SU is set
   * the clock is a further 60 minutes ahead.
   */
  utcOffsetMinutes?: number;
}

function offsetMinutes(su: boolean, zone: ZoneOptions | undefined): number {
  return (zone?.utcOffsetMinutes ?? 0) + (su ? MINUTES_PER_HOUR : 0);
}

/** Milliseconds from 2000-01-01T00:00 to the clock reading; undefined when the fields are no calendar time. */
function readingMs(time: Cp56Time): number | undefined {
  const days = dayNumber(time.year, time.month, time.day);
  if (days === undefined || time.hour > 23 || time.minute > 59 || time.milliseconds >= MS_PER_MINUTE) return undefined;
  return days * MS_PER_DAY + (time.hour * MINUTES_PER_HOUR + time.minute) * MS_PER_MINUTE + time.milliseconds;
}

/**
 * Milliseconds since 1970-01-01T00:00Z; undefined when the fields name no instant (month 0, 31 February, minute 61).
 * IV is not looked at: an invalid time can still be a readable one.
 */
export function cp56ToEpochMs(time: Cp56Time, zone?: ZoneOptions): number | undefined {
  const sinceStartMs = readingMs(time);
  if (sinceStartMs === undefined) return undefined;
  return CENTURY_START_MS + sinceStartMs - offsetMinutes(time.su, zone) * MS_PER_MINUTE;
}

/**
 * The station's clock reading at an instant, day of week included.
 *
 * @param epochMs integer milliseconds since 1970-01-01T00:00Z; the reading must lie in 2000..2099
 * @param options `su` says that summer time is in force (the caller knows the zone's rules, this library does not)
 * @throws Iec104Error `ASDU_VALUE_RANGE`
 */
export function epochMsToCp56(epochMs: number, options?: ZoneOptions & { su?: boolean; iv?: boolean }): Cp56Time {
  const su = options?.su ?? false;
  const sinceStartMs = epochMs - CENTURY_START_MS + offsetMinutes(su, options) * MS_PER_MINUTE;
  if (!Number.isInteger(sinceStartMs) || sinceStartMs < 0 || sinceStartMs >= CENTURY_DAYS * MS_PER_DAY) {
    throw new Iec104Error('ASDU_VALUE_RANGE', `CP56Time2a holds the years 2000..2099, not epoch ms ${epochMs}`);
  }
  const minuteOfDay = Math.floor((sinceStartMs % MS_PER_DAY) / MS_PER_MINUTE);
  return {
    ...calendarDay(Math.floor(sinceStartMs / MS_PER_DAY)),
    hour: Math.floor(minuteOfDay / MINUTES_PER_HOUR),
    minute: minuteOfDay % MINUTES_PER_HOUR,
    milliseconds: sinceStartMs % MS_PER_MINUTE,
    iv: options?.iv ?? false,
    su,
    substituted: false,
  };
}

/** The part of an instant that CP24Time2a holds: minute of the hour and milliseconds, of a UTC clock. */
export function epochMsToCp24(epochMs: number, options?: { iv?: boolean }): Cp24Time {
  const { minute, milliseconds } = epochMsToCp56(epochMs);
  return { minute, milliseconds, iv: options?.iv ?? false, substituted: false };
}

/**
 * The instant nearest to `nearEpochMs` at which a clock showed this minute and millisecond: CP24Time2a has no hour, so
 * the receive time must say which one. Exact as long as the ASDU took less than half an hour. Undefined when the fields
 * are no time of the hour.
 */
export function cp24ToEpochMs(time: Cp24Time, nearEpochMs: number): number | undefined {
  if (time.minute > 59 || time.milliseconds >= MS_PER_MINUTE) return undefined;
  const msPerHour = MINUTES_PER_HOUR * MS_PER_MINUTE;
  const withinHourMs = time.minute * MS_PER_MINUTE + time.milliseconds;
  return Math.round((nearEpochMs - withinHourMs) / msPerHour) * msPerHour + withinHourMs;
}

/**
 * ISO 8601 text of the clock reading, such as `2026-11-05T10:11:12.345`: without a zone because the tag has none. With
 * `utcOffsetMinutes` the zone is appended (`Z`, `+01:00`, SU counted in). Undefined when the fields name no instant.
 */
export function cp56ToIso(time: Cp56Time, zone?: ZoneOptions): string | undefined {
  if (readingMs(time) === undefined) return undefined;
  const date = `${CENTURY + time.year}-${twoDigits(time.month)}-${twoDigits(time.day)}`;
  const reading = `${date}T${twoDigits(time.hour)}:${twoDigits(time.minute)}:${secondsText(time.milliseconds)}`;
  if (zone?.utcOffsetMinutes === undefined) return reading;
  const offset = offsetMinutes(time.su, zone);
  if (offset === 0) return `${reading}Z`;
  const ahead = Math.abs(offset);
  const hours = twoDigits(Math.floor(ahead / MINUTES_PER_HOUR));
  return `${reading}${offset < 0 ? '-' : '+'}${hours}:${twoDigits(ahead % MINUTES_PER_HOUR)}`;
}

/** Text of a CP24Time2a: `--:11:12.345`, the hour being unknown. */
export function cp24ToText(time: Cp24Time): string {
  return `--:${twoDigits(time.minute)}:${secondsText(time.milliseconds)}`;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** `12.345` of 12345 milliseconds. */
function secondsText(milliseconds: number): string {
  return `${twoDigits(Math.floor(milliseconds / 1000))}.${String(milliseconds % 1000).padStart(3, '0')}`;
}
