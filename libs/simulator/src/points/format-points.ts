import { csvCell } from '@iec104mm2ss/config';
import type { PointDefinition } from './point.js';

const HEADER = 'ioa,type,value,name,group,command_ioa,command,select,events';

/** A point list as the CSV that `parsePoints` reads: a beginning for one's own list. */
export function formatPoints(points: readonly PointDefinition[]): string {
  const lines = points.map((point) =>
    [
      point.ioa,
      point.kind,
      point.value,
      csvCell(point.name),
      point.group ?? '',
      point.commandIoas.join(';'),
      point.commandKind === undefined || point.commandKind === point.kind ? '' : point.commandKind,
      point.commandIoas.length === 0 ? '' : point.select,
      point.events ? 'Y' : 'N',
    ].join(','),
  );
  return [HEADER, ...lines, ''].join('\n');
}
