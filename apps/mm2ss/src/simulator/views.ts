import type { SimulatedRtu } from '@iec104mm2ss/console-api';
import { qualityText, type SendOutcomes, type Station } from '@iec104mm2ss/simulator';

/** An RTU as the API shows it: the line of the old program's window, and what it counted. */
export function stationView(station: Station): SimulatedRtu & Record<string, unknown> {
  const { id, name, rtuNumber, rtu, io, lastIndex, sending, interrogating, startedAtMs, started } = station;
  return {
    id,
    name,
    rtuNumber,
    ...rtu.address,
    listening: rtu.listening,
    online: started,
    masters: rtu.connections.map((connection) => ({ peer: connection.peer, started: connection.started })),
    startedAt: started && startedAtMs !== undefined ? new Date(startedAtMs).toISOString() : null,
    interrogating: interrogating.size > 0,
    sending,
    lastIndex,
    points: rtu.points.length,
    rows: io.signals.length,
    pending: rtu.buffered,
    sent: rtu.sent,
    counts: rtu.counts,
    faults: rtu.faults,
  };
}

export function pointView({ ioa, kind, name, current, quality }: Station['rtu']['points'][number]): object {
  return { ioa, kind, name, value: current, quality, qualityText: qualityText(quality) || 'good' };
}

export function runView({
  index,
  ended,
}: {
  readonly index: number;
  readonly ended: SendOutcomes | undefined;
}): object {
  const stations = [...(ended ?? [])].map(([{ id, name, rtuNumber }, outcome]) => ({
    id,
    name,
    rtuNumber,
    ...outcome,
  }));
  return { index, ended: ended !== undefined, stations };
}
