import { csvCell } from '@iec104mm2ss/config';
import { AsduView, causeName, decodeAsdu, Iec104Error, toHex, typeName } from '@iec104mm2ss/iec104';

/** One line of a log: something that happened, or an object that was sent or received. */
export interface LogLine {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  readonly event: string;
  readonly type?: string;
  readonly ioa?: number;
  readonly value?: string;
  readonly quality?: string;
  readonly cause?: string;
  /** CP56Time2a of the object. */
  readonly tag?: string;
  readonly peer?: string;
  readonly comment?: string;
}

/** What a log is told: an event, or an ASDU that was sent or received, a line for each object. `linesOf` makes the lines. */
export interface LogEntry extends LogLine {
  /** Belongs to the entry; nobody changes it. */
  readonly asdu?: Uint8Array;
}

/** Where entries go; the second log is that of the general interrogations. */
export interface LogSink {
  write(log: 'station' | 'interrogation', entry: LogEntry): void;
}

/** The lines of an entry. Costs some microseconds for each object: who keeps only the last ones calls it when they are read. */
export function linesOf({ asdu, ...line }: LogEntry): LogLine[] {
  return asdu === undefined ? [line] : asduLines(asdu, line);
}

export const LOG_HEADER = 'time,event,type,IOA,value,quality,COT,time tag,peer,comment';

/** A line of a comma-separated file. */
export function csvLine(line: LogLine): string {
  return [
    new Date(line.timeMs).toISOString(),
    line.event,
    line.type ?? '',
    line.ioa ?? '',
    line.value ?? '',
    line.quality ?? '',
    line.cause ?? '',
    line.tag ?? '',
    line.peer ?? '',
    line.comment ?? '',
  ]
    .map((cell) => quotedCell(String(cell)))
    .join(',');
}

/** A spreadsheet takes what begins with these for a formula. */
function quotedCell(text: string): string {
  const plain = /^[=@]/.test(text) ? `'${text}` : text;
  return csvCell(plain);
}

/** The objects of an ASDU, a line each; one that cannot be read is shown in hexadecimal. */
function asduLines(asdu: Uint8Array, common: LogLine): LogLine[] {
  const { typeId, cot, negative } = new AsduView(asdu);
  const head = { ...common, type: typeName(typeId), cause: `${causeName(cot)}${negative ? ' negative' : ''}` };
  try {
    const decoded = decodeAsdu(asdu);
    if (decoded.type === 'OPAQUE') return [{ ...head, value: toHex(decoded.opaque) }];
    return decoded.objects.map((object) => ({ ...head, ...objectCells(object) }));
  } catch (error) {
    if (!(error instanceof Iec104Error)) throw error;
    return [{ ...head, value: toHex(asdu), comment: error.message }];
  }
}

function objectCells(object: { readonly ioa: number }): Partial<LogLine> {
  const { value, quality, time, select, qoi } = object as Record<string, unknown> & { readonly ioa: number };
  const flags = Object.entries((quality ?? {}) as Record<string, unknown>).filter(([, set]) => set === true);
  const cells: Record<string, string | number> = {
    ioa: object.ioa,
    quality: flags.map(([name]) => name.toUpperCase()).join(' '),
  };
  if (typeof value === 'number') cells['value'] = String(Number(value.toPrecision(7)));
  else if (typeof value === 'boolean') cells['value'] = value ? '1' : '0';
  else if (typeof qoi === 'number') cells['value'] = `QOI ${qoi}`;
  if (select === true) cells['value'] = `${cells['value'] ?? ''} select`;
  if (time !== undefined) cells['tag'] = tagText(time as Record<string, number | boolean>);
  return cells;
}

function tagText(time: Record<string, number | boolean>): string {
  const two = (name: string): string => String(time[name] ?? 0).padStart(2, '0');
  const ms = Number(time['milliseconds'] ?? 0);
  const seconds = `${String(Math.floor(ms / 1000)).padStart(2, '0')}.${String(ms % 1000).padStart(3, '0')}`;
  const clock = `${two('minute')}:${seconds}`;
  const full = 'year' in time ? `20${two('year')}-${two('month')}-${two('day')} ${two('hour')}:${clock}` : clock;
  return time['iv'] === true ? `${full} invalid` : full;
}
