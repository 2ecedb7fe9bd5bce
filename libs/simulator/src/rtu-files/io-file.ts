import type { Problem } from '@iec104mm2ss/config';
import type { CommandKind, PointKind } from '../points/point-kind.js';
import { IO_TYPE_IDS, type IoType, ioType } from './io-types.js';
import { parseIoValue } from './io-value.js';
import {
  decimal,
  isNearlyNumber,
  LONGEST_SECONDS,
  Problems,
  quoted,
  rowsOf,
  whyNothingLoads,
  wholeNumber,
} from './rows.js';

/** What a master has to send before a row is: all that is given must be so. */
export interface RowFilter {
  readonly typeId: number | undefined;
  readonly ioa: number | undefined;
  readonly value: number | undefined;
  /** How long it is waited for; then the row is left out. */
  readonly timeoutMs: number;
}

/** A row in monitor direction: a signal that is sent with its index. */
export interface SignalRow {
  /** 1-based line of the file. */
  readonly row: number;
  readonly index: number;
  /** Part of a general interrogation: `Y`, and above the row with `!`. */
  readonly interrogated: boolean;
  readonly typeId: number;
  readonly kind: PointKind;
  /** Sent with CP56Time2a. */
  readonly timed: boolean;
  readonly ioa: number;
  readonly value: number;
  /** Bits of the quality descriptor; 0: good. */
  readonly quality: number;
  /** Pause behind it. */
  readonly waitMs: number;
  /** Sent by this RTU only; undefined: by each that has the file. */
  readonly rtuNumber: number | undefined;
  readonly filter: RowFilter | undefined;
  readonly comment: string;
}

/** A row in control direction: a command and the point that it works on. */
export interface CommandRow {
  readonly row: number;
  readonly index: number;
  readonly typeId: number;
  readonly kind: CommandKind;
  readonly ioa: number;
  /** Address of its status; undefined: it is confirmed, and changes nothing. */
  readonly statusIoa: number | undefined;
  readonly comment: string;
}

/** What an IO file says, in its order. */
export interface IoFile {
  readonly signals: readonly SignalRow[];
  readonly commands: readonly CommandRow[];
  readonly problems: readonly Problem[];
}

const IOA_MAX = 0xffffff;
const INDEX_MAX = 999_999_999_999;
const COMMENT_CHARACTERS = 53;
/** Older versions of the program took T-out in milliseconds. */
const LONG_TIMEOUT_SECONDS = 600;

/**
 * Reads an IO file of the IEC104-RTU-Simulator. Its columns have fixed places:
 *
 *     index, GI, typeid, IOA, value, wait sec, rtu no, filter: type id, ioa, value, T-out(s); the rest is comment
 *
 * A first cell that is no number makes a comment; one that begins with `!` ends the general interrogation. Never throws: what
 * does not load is in `problems`.
 */
export function parseIoFile(text: string): IoFile {
  const reader = new IoReader(text);
  return reader.read();
}

class IoReader {
  private readonly problems = new Problems();
  private readonly signals: SignalRow[] = [];
  private readonly commands: CommandRow[] = [];
  private decimalComma = false;
  /** A row with `!` came: what follows is not part of the general interrogation. */
  private interrogationEnded = false;

  constructor(private readonly text: string) {}

  read(): IoFile {
    const { rows, decimalComma } = rowsOf(this.text);
    this.decimalComma = decimalComma;
    for (const { line, cells, fault } of rows) {
      const first = cells[0] ?? '';
      if (first.startsWith('!')) this.interrogationEnded = true;
      if (isNearlyNumber(first)) this.problems.warning(line, 'index', `${quoted(first)} is no whole number: a comment`);
      if (!/^\d+$/.test(first)) continue;
      if (fault === undefined) this.row(line, cells);
      else this.problems.skipped(line, 'row', fault);
    }
    this.checkCommands();
    if (this.signals.length + this.commands.length === 0) {
      const isRead = rows.some(({ cells }) => /^\d+$/.test(cells[0] ?? ''));
      const why = isRead ? 'no row of it loads: is it an IO file?' : whyNothingLoads(this.text, 'an IO file');
      this.problems.warning(1, 'file', why);
    }
    return { signals: this.signals, commands: this.commands, problems: this.problems.all };
  }

  private row(row: number, cells: readonly string[]): void {
    const index = wholeNumber(cells[0], 0, INDEX_MAX);
    const typeId = wholeNumber(cells[2], 1, 255);
    const type = typeId === undefined ? undefined : ioType(typeId);
    const ioa = wholeNumber(cells[3], 1, IOA_MAX);
    if (index === undefined) this.problems.skipped(row, 'index', `${quoted(cells[0])} is not in 0..${INDEX_MAX}`);
    if (type === undefined || typeId === undefined) {
      this.problems.skipped(row, 'typeid', `${quoted(cells[2])} is none of ${IO_TYPE_IDS.join(', ')}`);
    }
    if (ioa === undefined) this.problems.skipped(row, 'IOA', `${quoted(cells[3])} is not in 1..${IOA_MAX}`);
    if (index === undefined || type === undefined || typeId === undefined || ioa === undefined) return;
    const comment = cells
      .slice(11)
      .filter((cell) => cell !== '')
      .join(' ')
      .slice(0, COMMENT_CHARACTERS);
    const common = { row, index, typeId, ioa, comment };
    if (type.direction === 'control') this.command({ ...common, kind: type.kind }, cells);
    else this.signal({ ...common, kind: type.kind, timed: type.timed }, type, cells);
  }

  private command(common: Omit<CommandRow, 'statusIoa'>, cells: readonly string[]): void {
    const { row } = common;
    const text = cells[4] ?? '';
    const statusIoa = wholeNumber(text, 1, IOA_MAX);
    if (text !== '' && statusIoa === undefined) {
      this.problems.skipped(row, 'value', `${quoted(text)} is no IOA of a status, 1..${IOA_MAX}`);
      return;
    }
    if (cells[1]?.toUpperCase() === 'Y') this.problems.warning(row, 'GI', 'a command is no part of an interrogation');
    this.commands.push({ ...common, statusIoa });
  }

  private signal(
    common: Pick<SignalRow, 'row' | 'index' | 'typeId' | 'kind' | 'timed' | 'ioa' | 'comment'>,
    type: IoType,
    cells: readonly string[],
  ): void {
    const { row } = common;
    const value = parseIoValue(type.kind, cells[4] ?? '', this.decimalComma);
    if ('reason' in value) {
      this.problems.skipped(row, 'value', value.reason);
      return;
    }
    if (value.remark !== undefined) this.problems.warning(row, 'value', value.remark);
    const interrogated = this.interrogated(row, cells[1] ?? '');
    this.signals.push({
      ...common,
      interrogated: interrogated && !this.interrogationEnded,
      value: value.value,
      quality: value.quality,
      waitMs: this.seconds(row, 'wait sec', cells[5] ?? ''),
      rtuNumber: this.optional(row, 'rtu no', cells[6] ?? '', 1, 65535),
      filter: this.filter(row, cells),
    });
  }

  /** Only `Y` counts in the old program; `y` and `yes` were meant, too. */
  private interrogated(row: number, text: string): boolean {
    if (text === 'Y') return true;
    if (!/^(y|yes)$/i.test(text)) return false;
    this.problems.warning(row, 'GI', `${quoted(text)} counts as no: only Y is yes`);
    return false;
  }

  private filter(row: number, cells: readonly string[]): RowFilter | undefined {
    const [typeText = '', ioaText = '', valueText = '', timeoutText = ''] = cells.slice(7, 11);
    if (typeText === '' && ioaText === '' && valueText === '') return undefined;
    const timeoutMs = this.seconds(row, 'T-out', timeoutText);
    if (timeoutMs === 0) {
      this.problems.warning(row, 'T-out', 'is 0 or empty, so nothing can come in time: the row is never sent');
    }
    if (timeoutMs > LONG_TIMEOUT_SECONDS * 1000) {
      const seconds = timeoutMs / 1000;
      const reason = `${seconds} s are long; were milliseconds meant, as in older versions? That is ${seconds / 1000}`;
      this.problems.warning(row, 'T-out', reason);
    }
    return {
      typeId: this.optional(row, 'filter type id', typeText, 1, 255),
      ioa: this.optional(row, 'filter ioa', ioaText, 0, IOA_MAX),
      value: this.filterValue(row, valueText),
      timeoutMs,
    };
  }

  private filterValue(row: number, text: string): number | undefined {
    if (text === '') return undefined;
    const value = decimal(text, this.decimalComma);
    if (value === undefined) this.ignored(row, 'filter value', text);
    return value;
  }

  private optional(row: number, field: string, text: string, min: number, max: number): number | undefined {
    if (text === '') return undefined;
    const value = wholeNumber(text, min, max);
    if (value === undefined) this.ignored(row, field, text);
    return value;
  }

  private ignored(row: number, field: string, text: string): void {
    this.problems.warning(row, field, `${quoted(text)} does not count: it is as good as empty`);
  }

  private seconds(row: number, field: string, text: string): number {
    if (text === '') return 0;
    const seconds = decimal(text, this.decimalComma);
    if (seconds !== undefined && seconds >= 0 && seconds <= LONGEST_SECONDS) return seconds * 1000;
    this.problems.warning(row, field, `${quoted(text)} is no number of seconds: it counts as 0`);
    return 0;
  }

  private checkCommands(): void {
    const monitored = new Set(this.signals.map(({ ioa }) => ioa));
    const first = new Map<string, number>();
    for (const { row, ioa, kind, statusIoa } of this.commands) {
      if (statusIoa !== undefined && !monitored.has(statusIoa)) {
        this.problems.warning(row, 'value', `no monitored row has IOA ${statusIoa}: the command is only confirmed`);
      }
      const key = `${kind} ${ioa}`;
      const before = first.get(key);
      if (before === undefined) first.set(key, row);
      else this.problems.warning(row, 'IOA', `row ${before} has the same command at ${ioa}: that one counts`);
    }
  }
}
