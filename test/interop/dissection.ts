/** What Wireshark's dissectors for IEC 60870-5-104 and -101 make of a capture. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** One APDU as the dissector saw it. */
export interface DissectedApdu {
  readonly format: 'I' | 'S' | 'U';
  /** TCP connection, counted through the file. */
  readonly stream: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** N(S), of I-format only. */
  readonly ns?: number;
  /** N(R), of I- and S-format. */
  readonly nr?: number;
  /** Of I-format only. */
  readonly typeId?: number;
}

export interface Dissection {
  readonly apdus: readonly DissectedApdu[];
  /** Everything the dissectors object to: malformed packets, and expert information of the severity Error. */
  readonly objections: readonly string[];
}

const fields = [
  'frame.number',
  'tcp.stream',
  'tcp.srcport',
  'tcp.dstport',
  'iec60870_104.type',
  'iec60870_104.tx',
  'iec60870_104.rx',
  'iec60870_asdu.typeid',
  '_ws.malformed',
  '_ws.expert.severity',
  '_ws.expert.message',
] as const;

const severityError = 0x0080_0000;
const formats = new Map<number, DissectedApdu['format']>([
  [0, 'I'],
  [1, 'S'],
  [3, 'U'],
]);

export async function dissect(tshark: string, file: string, ports: readonly number[]): Promise<Dissection> {
  const { stdout } = await promisify(execFile)(
    tshark,
    [
      ...['-n', '-r', file],
      ...ports.flatMap((port) => ['-d', `tcp.port==${port},iec60870_104`]),
      ...['-T', 'fields', '-E', 'separator=|', '-E', 'occurrence=a', '-E', 'aggregator=;'],
      ...fields.flatMap((name) => ['-e', name]),
      ...['-Y', ports.map((port) => `tcp.port == ${port}`).join(' || ')],
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const apdus: DissectedApdu[] = [];
  const objections: string[] = [];
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    const values = line.split('|');
    const field = (name: (typeof fields)[number]): string => values[fields.indexOf(name)] ?? '';
    const numbers = (name: (typeof fields)[number]): number[] =>
      field(name)
        .split(';')
        .filter((text) => text !== '')
        .map(Number);
    if (field('_ws.malformed') !== '' || numbers('_ws.expert.severity').some((severity) => severity >= severityError)) {
      objections.push(`frame ${field('frame.number')}: ${field('_ws.malformed')} ${field('_ws.expert.message')}`);
    }
    // One segment may hold several APDUs; each field lists only those APDUs that have it.
    const [sent, received, typeIds] = [
      numbers('iec60870_104.tx'),
      numbers('iec60870_104.rx'),
      numbers('iec60870_asdu.typeid'),
    ];
    for (const type of numbers('iec60870_104.type')) {
      const format = formats.get(type);
      if (format === undefined) {
        objections.push(`frame ${field('frame.number')}: no such format: ${type}`);
        continue;
      }
      const [ns, typeId] = format === 'I' ? [sent.shift(), typeIds.shift()] : [];
      const nr = format === 'U' ? undefined : received.shift();
      apdus.push({
        format,
        stream: Number(field('tcp.stream')),
        sourcePort: Number(field('tcp.srcport')),
        destinationPort: Number(field('tcp.dstport')),
        ...(ns !== undefined && { ns }),
        ...(nr !== undefined && { nr }),
        ...(typeId !== undefined && { typeId }),
      });
    }
  }
  return { apdus, objections };
}

/**
 * What is wrong with the numbers of the I- and S-format APDUs: N(S) that do not count up from zero, N(R) that acknowledge
 * what was not sent or go back, more than `k` outstanding.
 */
export function sequenceFaults(apdus: readonly DissectedApdu[], k: number): string[] {
  const faults: string[] = [];
  const sent = new Map<string, number>();
  const acknowledged = new Map<string, number>();
  for (const { stream, sourcePort, destinationPort, ns, nr } of apdus) {
    const [there, back] = [`${stream} from ${sourcePort}`, `${stream} from ${destinationPort}`];
    if (nr !== undefined) {
      if (nr > (sent.get(back) ?? 0)) {
        faults.push(`stream ${there}: N(R) ${nr}, but only ${sent.get(back) ?? 0} were sent`);
      }
      if (nr < (acknowledged.get(back) ?? 0)) {
        faults.push(`stream ${there}: N(R) ${nr} after ${acknowledged.get(back)}`);
      }
      acknowledged.set(back, nr);
    }
    if (ns !== undefined) {
      const expected = sent.get(there) ?? 0;
      if (ns !== expected) {
        faults.push(`stream ${there}: N(S) ${ns} instead of ${expected}`);
      }
      sent.set(there, ns + 1);
      const outstanding = ns + 1 - (acknowledged.get(there) ?? 0);
      if (outstanding > k) {
        faults.push(`stream ${there}: ${outstanding} APDUs outstanding`);
      }
    }
  }
  return faults;
}
