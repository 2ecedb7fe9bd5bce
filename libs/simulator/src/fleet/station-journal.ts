import { AsduView, TypeId } from '@iec104mm2ss/iec104';
import type { RtuConnection } from '../rtu/rtu-connection.js';
import type { Station } from './station.js';
import type { LogLine, LogSink } from './station-log.js';

/** Lets a station's logs have every signal and event: those of interrogations in a log of their own. */
export function logStation(station: Station, sink: LogSink): void {
  const { rtu, clock } = station;
  /** Comment of the row that is being sent. */
  let comment = '';
  const now = (): number => clock.wallMs();
  const say = (event: string, more: Partial<LogLine> = {}): void =>
    sink.write('station', { timeMs: now(), event, ...more });
  const of = ({ peer }: RtuConnection, more: Partial<LogLine> = {}): Partial<LogLine> => ({ peer, ...more });

  rtu.on('listening', ({ host, port }) => say('listening', { comment: `${host}:${port}` }));
  rtu.on('offline', () => say('offline'));
  rtu.on('connected', (connection) => say('connected', of(connection)));
  rtu.on('refused', (peer, reason) => say('refused', { peer, comment: reason }));
  rtu.on('started', (connection) => say('data transfer started', of(connection)));
  rtu.on('endOfInitialization', (connection, asdu) =>
    sink.write('station', { timeMs: now(), event: 'sent', ...of(connection), asdu }),
  );
  rtu.on('stopped', (connection) => say('data transfer stopped', of(connection)));
  rtu.on('disconnected', (connection, { code, message }) =>
    say('disconnected', of(connection, { comment: `${message} (${code})` })),
  );
  rtu.on('event', ({ asdu }) => {
    sink.write('station', { timeMs: now(), event: 'sent', comment, asdu });
    comment = '';
  });
  rtu.on('request', ({ connection, asdu }, result, reason) => {
    const text = reason === '' ? result : `${result}: ${reason}`;
    const common = { timeMs: now(), ...of(connection), comment: text };
    // A view of what was read from the socket.
    sink.write('station', { ...common, event: 'received', asdu: asdu.slice() });
    if (new AsduView(asdu).typeId === TypeId.C_IC_NA_1) sink.write('interrogation', { ...common, event: `GI ${text}` });
  });
  rtu.on('interrogation', ({ peer }, objects) => {
    const timeMs = now();
    for (const asdu of objects) sink.write('interrogation', { timeMs, event: 'sent', peer, asdu });
  });
  rtu.on('interrogationEnded', (connection) => {
    say('GI ended', of(connection));
    sink.write('interrogation', { timeMs: now(), event: 'GI ended', peer: connection.peer });
  });
  station.on('row', (row) => (comment = row.comment));
  station.on('indexBegan', (index, durationMs) =>
    say('index', { value: String(index), comment: `for ${durationMs / 1000} s` }),
  );
  station.on('leftOut', (row, reason) => say('left out', { ioa: row.ioa, comment: `row ${row.row}: ${reason}` }));
  station.on('indexEnded', (index, { result, sent, leftOut, passes }) =>
    say('index ended', {
      value: String(index),
      comment: `${result}: ${sent} sent, ${leftOut} left out, ${passes} passes`,
    }),
  );
}
