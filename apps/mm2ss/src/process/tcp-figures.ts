import { readFileSync } from 'node:fs';
import { type Logger, numericCounter, type Registry } from '@iec104mm2ss/observability';

/** What Linux counts for the network namespace of this process, in two files of the same form. */
const FILES = ['/proc/self/net/snmp', '/proc/self/net/netstat'];

const COUNTERS = [
  ['mm2ss_tcp_segments_sent_total', 'Tcp.OutSegs'],
  ['mm2ss_tcp_segments_retransmitted_total', 'Tcp.RetransSegs'],
  ['mm2ss_tcp_timeouts_total', 'TcpExt.TCPTimeouts'],
  ['mm2ss_tcp_listen_overflows_total', 'TcpExt.ListenOverflows'],
] as const;

/**
 * Reads a counter file of /proc: a line of names and a line of numbers for each protocol, `Tcp: RtoAlgorithm ...` and
 * `Tcp: 1 ...`. Keys are `Tcp.RtoAlgorithm`.
 */
export function countersOf(text: string): Map<string, number> {
  const counters = new Map<string, number>();
  let names: string[] = [];
  for (const line of text.split('\n')) {
    const [protocol = '', ...fields] = line.split(' ');
    if (names[0] !== protocol) names = [protocol, ...fields];
    else {
      fields.forEach((field, at) =>
        counters.set(`${protocol.replace(/:$/, '')}.${names[at + 1] ?? ''}`, Number(field)),
      );
      names = [];
    }
  }
  return counters;
}

/** TCP of this network namespace, read at a scrape; where there is no such thing that is said once, and the metrics are absent. */
export function registerTcpFigures(
  registry: Registry,
  logger: Logger,
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): void {
  const collect = (): Map<string, number> => new Map(FILES.flatMap((path) => [...countersOf(read(path))]));
  try {
    collect();
  } catch (error) {
    const reason = (error as Error).message;
    logger.info({ reason }, 'this system does not tell what TCP does: there are no metrics mm2ss_tcp_...');
    return;
  }
  // One reading for all of them: a scrape collects them within one turn.
  let current: Map<string, number> | undefined;
  const now = (): Map<string, number> => {
    if (current === undefined) setImmediate(() => (current = undefined));
    return (current ??= collect());
  };
  for (const [name, field] of COUNTERS) {
    numericCounter(registry, name, () => {
      const value = now().get(field);
      return value === undefined ? [] : [{ labels: {}, value }];
    });
  }
}
