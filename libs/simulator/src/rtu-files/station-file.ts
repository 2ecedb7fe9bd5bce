import {
  hasControls,
  isHostname,
  LONGEST_NAME_CHARACTERS,
  parseSourceRanges,
  privilegedPortRemark,
  type Problem,
  readSystemName,
  type SourceRange,
} from '@iec104mm2ss/config';
import { isNearlyNumber, LONGEST_SECONDS, Problems, quoted, rowsOf, whyNothingLoads, wholeNumber } from './rows.js';

/** One RTU, or one of the redundant ports of an RTU: a row of `iec104rs.csv`. */
export interface StationRow {
  /** 1-based line of the file. */
  readonly row: number;
  readonly id: string;
  /** `sys name`, cut to 16 characters. */
  readonly name: string;
  /** Common address 1..65535; several rows may share it. */
  readonly rtuNumber: number;
  /** Where masters connect to, 1..65535; no two rows have the same. */
  readonly port: number;
  /** Who may connect; empty: everybody. */
  readonly hosts: readonly SourceRange[];
  readonly k: number;
  /** The connection is closed when nothing was received for so long. */
  readonly idleSeconds: number;
  /** File of its signals, as written. */
  readonly ioFile: string;
}

/** What `iec104rs.csv` says. */
export interface StationFile {
  readonly stations: readonly StationRow[];
  readonly ntpServers: readonly string[];
  readonly ntpUpdateSeconds: number;
  readonly problems: readonly Problem[];
}

const SETTINGS = /^ntp_server$|^ntp_update_every_sec$/i;
const RTU_FIRST = 'the RTU number stands before the port here';
const DEFAULT_K = 12;
const DEFAULT_IDLE_SECONDS = 60;
const DEFAULT_NTP_SECONDS = 900;

/**
 * Reads the list of RTUs of the IEC104-RTU-Simulator. Its columns have fixed places and no header:
 *
 *     id, sys name, rtu no, port no, hosts, k, idletime, IO file
 *
 * `ntp_server,HOST` and `ntp_update_every_sec,SECONDS` are settings, a first cell that is no number makes a comment, and one
 * that begins with `!` ends the file. Never throws: what does not load is in `problems`.
 */
export function parseStationFile(text: string): StationFile {
  const reader = new StationReader();
  const { rows } = rowsOf(text);
  for (const { line, cells, fault } of rows) {
    const first = cells[0] ?? '';
    if (first.startsWith('!')) {
      const left = rows.filter((row) => row.line >= line && /^\d+$/.test((row.cells[0] ?? '').replace(/^!/, '')));
      if (left.length > 0) reader.problems.note(line, 'id', `${left.length} row(s) from the "!" on are left out`);
      break;
    }
    if (SETTINGS.test(first)) reader.setting(line, first.toLowerCase(), cells[1] ?? '');
    else if (/^\d+$/.test(first)) {
      if (fault === undefined) reader.station(line, cells);
      else reader.problems.skipped(line, 'row', fault);
    } else if (isNearlyNumber(first)) {
      reader.problems.warning(line, 'id', `${quoted(first)} is no number: a comment`);
    }
  }
  reader.end(text);
  return reader.result();
}

class StationReader {
  readonly problems = new Problems();
  private readonly stations: StationRow[] = [];
  private readonly ntpServers: string[] = [];
  private ntpUpdateSeconds = DEFAULT_NTP_SECONDS;
  private readonly rowOfPort = new Map<number, number>();
  private readonly rowOfId = new Map<string, number>();

  setting(row: number, key: string, value: string): void {
    if (key === 'ntp_server') {
      if (isHostname(value)) this.ntpServers.push(value);
      else this.problems.skipped(row, key, `${quoted(value)} is no host`);
      return;
    }
    const seconds = wholeNumber(value, 1, LONGEST_SECONDS);
    if (seconds === undefined) this.problems.skipped(row, key, `${quoted(value)} is no number of seconds`);
    else this.ntpUpdateSeconds = seconds;
  }

  station(row: number, cells: readonly string[]): void {
    const [id = '', name = '', rtuText, portText, hostsText = '', kText = '', idleText = '', ioFile = ''] = cells;
    const faultsBefore = this.problems.all.length;
    const rtuNumber = this.needed(row, 'rtu no', rtuText);
    const port = this.needed(row, 'port no', portText);
    const read = readSystemName(name);
    if ('fault' in read) this.problems.skipped(row, 'sys name', read.fault);
    if (ioFile === '') this.problems.skipped(row, 'IO file', 'is empty');
    if (hasControls(ioFile)) this.problems.skipped(row, 'IO file', 'the name contains control characters');
    const hosts = parseSourceRanges(hostsText);
    if (!hosts.ok) this.problems.skipped(row, 'hosts', hosts.reason);
    const sameRow = port === undefined ? undefined : this.rowOfPort.get(port);
    if (sameRow !== undefined) {
      const meant = rtuNumber === undefined ? '' : this.swapped(rtuNumber, port as number);
      this.problems.skipped(row, 'port no', `${port} is already used in row ${sameRow}${meant}`);
    }
    if (this.problems.all.length > faultsBefore || 'fault' in read) return;
    if (read.isCut) this.problems.warning(row, 'sys name', `is cut to ${LONGEST_NAME_CHARACTERS} characters`);
    const privileged = privilegedPortRemark(port as number, rtuNumber as number, RTU_FIRST);
    if (privileged !== undefined) this.problems.warning(row, 'port no', privileged);
    const sameId = this.rowOfId.get(id);
    if (sameId !== undefined) this.problems.warning(row, 'id', `${id} is already used in row ${sameId}`);
    this.rowOfPort.set(port as number, row);
    this.rowOfId.set(id, row);
    this.stations.push({
      row,
      id: sameId === undefined ? id : `${id}@${port}`,
      name: read.name,
      rtuNumber: rtuNumber as number,
      port: port as number,
      hosts: hosts.ok ? hosts.value : [],
      k: this.orDefault(row, 'k', kText, 32767, DEFAULT_K),
      idleSeconds: this.orDefault(row, 'idletime', idleText, LONGEST_SECONDS, DEFAULT_IDLE_SECONDS),
      ioFile,
    });
  }

  /** The whole file was read: says why no RTU is in it, unless that was said of each row. */
  end(text: string): void {
    if (this.stations.length > 0 || this.problems.all.some(({ field }) => !SETTINGS.test(field))) return;
    this.problems.skipped(1, 'file', whyNothingLoads(text, 'a list of RTUs'));
  }

  result(): StationFile {
    const { stations, ntpServers, ntpUpdateSeconds } = this;
    return { stations, ntpServers, ntpUpdateSeconds, problems: this.problems.all };
  }

  private needed(row: number, field: string, text: string | undefined): number | undefined {
    const value = wholeNumber(text, 1, 65535);
    if (value === undefined) this.problems.skipped(row, field, `${quoted(text)} is not in 1..65535`);
    return value;
  }

  private orDefault(row: number, field: string, text: string, max: number, otherwise: number): number {
    if (text === '') return otherwise;
    const value = wholeNumber(text, 1, max);
    if (value === undefined)
      this.problems.warning(row, field, `${quoted(text)} is not in 1..${max}: ${otherwise} counts`);
    return value ?? otherwise;
  }

  /** In the multiplexer's file the port stands before the RTU number. */
  private swapped(rtuNumber: number, port: number): string {
    return rtuNumber >= 1024 && this.stations.some((other) => other.rtuNumber === port) ? `; ${RTU_FIRST}` : '';
  }
}
