import { isIPv6 } from 'node:net';

import { isHostname } from './endpoints.js';
import { parseIntegerCell, TIMER_SECONDS_RANGE, type IntegerRange } from './integer-cell.js';
import type { GeneralSettings, Problem } from './types.js';

/**
 * Limits of the link constants, in a group's row and as general settings: those of edition 2, clause 9.6, where t3 goes up to
 * 48 h. Times in seconds.
 */
export const LINK_CONSTANT_RANGES = {
  idletime: TIMER_SECONDS_RANGE,
  t1: { min: 1, max: 255, unit: 'seconds' },
  t2: { min: 1, max: 255, unit: 'seconds' },
  t3: { min: 1, max: 172_800, unit: 'seconds' },
  w: { min: 1, max: 32767 },
  k: { min: 1, max: 32767 },
} as const satisfies Record<string, IntegerRange>;

export type LinkConstant = keyof typeof LINK_CONSTANT_RANGES;

const DEFAULT_NTP_UPDATE_SECONDS = 900;

function isLinkConstant(key: string): key is LinkConstant {
  return Object.hasOwn(LINK_CONSTANT_RANGES, key);
}

/**
 * Collects the settings rows (`key,value`). A bad value leaves the setting as it was.
 *
 * The manual lists the link constants among them, and the older program's files have rows such as `t1,15`: they are
 * defaults for the empty cells of the groups below.
 */
export class GeneralSettingsReader {
  readonly #ntpServers: string[] = [];
  readonly #firstLineOf = new Map<string, number>();
  #ntpUpdateEverySec = DEFAULT_NTP_UPDATE_SECONDS;
  #nogui = false;
  /** Seconds for times, APDUs for w and k: the manual's defaults until a row changes them. */
  readonly linkDefaults: Record<LinkConstant, number> = { idletime: 60, t1: 15, t2: 10, t3: 20, w: 8, k: 12 };

  get settings(): GeneralSettings {
    return { ntpServers: this.#ntpServers, ntpUpdateEverySec: this.#ntpUpdateEverySec, nogui: this.#nogui };
  }

  /** True when the first cell of a row names a setting. */
  static isSetting(firstCell: string): boolean {
    const key = firstCell.toLowerCase();
    return ['ntp_server', 'ntpserver', 'ntp_update_every_sec', 'nogui'].includes(key) || isLinkConstant(key);
  }

  /** Reads a row for which `isSetting` holds. */
  read(line: number, cells: readonly string[]): Problem[] {
    const key = (cells[0] ?? '').toLowerCase();
    const value = cells[1] ?? '';
    const reason = this.#apply(key, value, line);
    if (reason !== undefined) return [{ row: line, field: key, reason, severity: 'skipped' }];
    const valueCells = key === 'nogui' ? 0 : 1;
    if (cells.slice(1 + valueCells).every((cell) => cell === '')) return [];
    return [{ row: line, field: key, reason: 'further cells of this setting are ignored', severity: 'warning' }];
  }

  #apply(key: string, value: string, line: number): string | undefined {
    if (key === 'nogui') {
      this.#nogui = true;
      return undefined;
    }
    if (key === 'ntp_server' || key === 'ntpserver') {
      if (!isHostname(value) && !isIPv6(value)) return `${JSON.stringify(value)} is not an address or host name`;
      if (!this.#ntpServers.includes(value)) this.#ntpServers.push(value);
      return undefined;
    }
    const number = parseIntegerCell(value, isLinkConstant(key) ? LINK_CONSTANT_RANGES[key] : TIMER_SECONDS_RANGE);
    if (!number.ok) return number.reason;
    const firstLine = this.#firstLineOf.get(key);
    if (firstLine !== undefined) return `already set in row ${firstLine}`;
    this.#firstLineOf.set(key, line);
    if (isLinkConstant(key)) this.linkDefaults[key] = number.value;
    else this.#ntpUpdateEverySec = number.value;
    return undefined;
  }
}
