import type { GroupConfig } from '@iec104mm2ss/config';

/** The row of the file that is in force for a group. Some of its columns change while the group is served. */
export interface LiveRow {
  config: GroupConfig;
}
