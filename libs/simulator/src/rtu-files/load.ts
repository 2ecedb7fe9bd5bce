import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { decodeFile, type Problem } from '@iec104mm2ss/config';
import { findIoFile } from './find-io-file.js';
import { type IoFile, parseIoFile } from './io-file.js';
import { parseStationFile, type StationFile, type StationRow } from './station-file.js';

/** A file that cannot be read at all. */
export class SimulatorFileError extends Error {
  constructor(
    readonly path: string,
    reason: string,
  ) {
    super(`${path}: ${reason}`);
    this.name = 'SimulatorFileError';
  }
}

/** A station of the list and the signals it has. */
export interface LoadedStation {
  readonly station: StationRow;
  readonly io: IoFile;
}

/** A file and what is wrong with it. */
export interface FileReport {
  readonly path: string;
  readonly problems: readonly Problem[];
}

export interface LoadedStations {
  readonly list: StationFile;
  /** Stations whose IO file could be read, in the order of the list. */
  readonly stations: readonly LoadedStation[];
  /** The list, then each IO file once. */
  readonly reports: readonly FileReport[];
}

/** Folder of IO files beside the list. */
const DATA_FOLDER = 'data';

/**
 * Reads `iec104rs.csv` and the IO files that it names, each once, however many RTUs share it.
 *
 * @param data folder of the IO files; default: `data` beside the list, else the list's own folder
 * @throws SimulatorFileError when the list cannot be read
 */
export function loadStations(path: string, data?: string): LoadedStations {
  const list = parseStationFile(readText(path));
  const problems: Problem[] = [...list.problems];
  const files = new Map<string, IoFile | string>();
  const stations: LoadedStation[] = [];
  for (const station of list.stations) {
    const say = (reason: string, severity: Problem['severity']): void =>
      void problems.push({ row: station.row, field: 'IO file', reason, severity });
    const { ioFile } = station;
    const found = data === undefined ? findIoFile(ioFile, dirname(path), [DATA_FOLDER, '.']) : findIoFile(ioFile, data);
    if (found.remark !== undefined) say(found.remark, 'warning');
    let io = files.get(found.path);
    if (io === undefined) {
      io = found.fault ?? readIoFile(found.path);
      files.set(found.path, io);
    }
    if (typeof io === 'string') say(io, 'skipped');
    else stations.push({ station, io });
  }
  const reports: FileReport[] = [{ path, problems }];
  for (const [ioPath, io] of files) if (typeof io !== 'string') reports.push({ path: ioPath, problems: io.problems });
  return { list, stations, reports };
}

/** The text of a file as spreadsheets save it. @throws SimulatorFileError */
export function readText(path: string): string {
  let octets: Buffer;
  try {
    octets = readFileSync(path);
  } catch (error) {
    throw new SimulatorFileError(path, (error as Error).message);
  }
  const decoded = decodeFile(octets);
  if (decoded.text === undefined) throw new SimulatorFileError(path, decoded.fault);
  return decoded.text;
}

function readIoFile(path: string): IoFile | string {
  try {
    return parseIoFile(readText(path));
  } catch (error) {
    if (error instanceof SimulatorFileError) return error.message;
    throw error;
  }
}
