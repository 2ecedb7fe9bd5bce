/**
 * The fields of a log line, beside `level`, `time` (ISO 8601, UTC) and `msg`. One line per event a person would want to
 * know about; lines per frame only at trace, behind `logger.isLevelEnabled('trace')`.
 */
export interface LogFields {
  /** Group id. Also decides which group's file the line goes to. */
  readonly group?: string;
  /** Session id: one connection of a master. */
  readonly session?: string;
  /** `address:port` of the other end. */
  readonly peer?: string;
  readonly link_epoch?: number;
  /** `monitor`: RTU to master; `control`: master to RTU. */
  readonly direction?: 'monitor' | 'control';
  /** Name of the TypeID, for example `C_SC_NA_1`. */
  readonly type?: string;
  readonly cot?: number;
  readonly ca?: number;
  readonly ns?: number;
  readonly nr?: number;
  readonly reason?: string;
}
