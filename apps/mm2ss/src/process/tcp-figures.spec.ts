import { readFileSync } from 'node:fs';
import { createRegistry, createSilentLogger, type Logger } from '@iec104mm2ss/observability';
import { describe, expect, it } from 'vitest';
import { countersOf, registerTcpFigures } from './tcp-figures.js';

const SNMP = `Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm MaxConn OutSegs RetransSegs
Tcp: 1 -1 9000000001 17
Udp: InDatagrams
Udp: 3
`;
const NETSTAT = `TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPTimeouts
TcpExt: 0 4 5 6
IpExt: InNoRoutes
IpExt: 0
`;

async function metricsOf(read?: (path: string) => string): Promise<{ lines: string[]; said: unknown[] }> {
  const registry = createRegistry({ processMetrics: false });
  const said: unknown[] = [];
  const logger = { ...createSilentLogger(), info: (fields: unknown) => said.push(fields) } as unknown as Logger;
  registerTcpFigures(registry, logger, read);
  await registry.metrics();
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('mm2ss_tcp_'));
  return { lines, said };
}

describe('what TCP does', () => {
  it('is read from /proc', async () => {
    const { lines } = await metricsOf((path) => (path.endsWith('snmp') ? SNMP : NETSTAT));
    expect(lines).toEqual([
      'mm2ss_tcp_segments_sent_total 9000000001',
      'mm2ss_tcp_segments_retransmitted_total 17',
      'mm2ss_tcp_timeouts_total 6',
      'mm2ss_tcp_listen_overflows_total 4',
    ]);
  });

  it('both files are read once for a scrape', async () => {
    const asked: string[] = [];
    await metricsOf((path) => {
      asked.push(path);
      return path.endsWith('snmp') ? SNMP : NETSTAT;
    });
    expect(asked.length, 'at the start, and at two scrapes').toBeLessThanOrEqual(6);
  });

  it('is left out on a system that does not tell it, which is said once', async () => {
    const { lines, said } = await metricsOf(() => {
      throw new Error('ENOENT');
    });
    expect(lines).toEqual([]);
    expect(said).toEqual([{ reason: 'ENOENT' }]);
  });

  it('has the fields in the files of this kernel', () => {
    if (process.platform !== 'linux') return;
    const counters = ['snmp', 'netstat'].flatMap((file) => [
      ...countersOf(readFileSync(`/proc/self/net/${file}`, 'utf8')).keys(),
    ]);
    expect(counters).toEqual(
      expect.arrayContaining(['Tcp.OutSegs', 'Tcp.RetransSegs', 'TcpExt.TCPTimeouts', 'TcpExt.ListenOverflows']),
    );
  });
});
