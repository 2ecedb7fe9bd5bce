import { createHash } from 'node:crypto';
import { BlockList, isIP, isIPv4 } from 'node:net';
import {
  beginsAnew,
  configurationText,
  groupChanges,
  matchesAny,
  parseConfiguration,
  type Configuration,
} from '@iec104mm2ss/config';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chartValues, groupValues } from './values.js';

/** Columns with cells to choose from; every one of them loads with every other. */
const CELLS: Readonly<Record<string, readonly string[]>> = {
  'sys name': ['A', 'yes', '0x1F', 'Umspannwerk Süd', 'a: b # c', "it's", '"q"', '1_000', '{{ x }}'],
  'rtu no': ['1', '2', '65535'],
  'max conn': ['', '4'],
  idletime: ['60', '61'],
  t1: ['15', '16'],
  buffsize: ['', '1000', '1001'],
  hosts: [
    '10.0.0.1:2404',
    'tls://10.0.0.2:2405',
    'rtu-7.example:2404;[2001:db8::5]:2404',
    '[2001:DB8::0:6]:2404',
    '[fe80::1%eth0]:2404;[::ffff:10.2.3.4]:2405',
  ],
  filter: ['', '10.1.1.5', '10.1.1.5/24;2001:db8::/32', '2001:db8::7', '10.1.1.0/255.255.255.0', '::ffff:10.1.1.0/120'],
  ack: ['', 'stored', 'delivered'],
  'rtu k': ['', '10'],
  proxy: ['', '10.9.0.0/24;2001:db8:9::1'],
  decoded: ['', 'Y'],
  'per source': ['', '3'],
};
const COLUMNS = Object.keys(CELLS);
const TLS = [
  { 'tls port': false, plain: '' },
  { 'tls port': true, plain: 'N' },
  { 'tls port': true, plain: 'Y' },
] as const;

const row = fc.record({
  cells: fc.tuple(...COLUMNS.map((column) => fc.constantFrom(...(CELLS[column] as readonly string[])))),
  tls: fc.constantFrom(...TLS),
});
type Row = typeof row extends fc.Arbitrary<infer R> ? R : never;
const ids = fc.uniqueArray(fc.oneof(fc.nat(300), fc.nat(999_999_999_999)), { minLength: 1, maxLength: 8 });

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

function fileText(rows: readonly { readonly id: number; readonly row: Row }[], delimiter = ',', end = '\n'): string {
  const header = ['id', 'rtu names', 'port no', 'tls port', 'plain', 'tls names', ...COLUMNS];
  const lines = rows.map(({ id, row: { cells, tls } }) => {
    const port = 1_000 + rows.findIndex((other) => other.id === id);
    const { plain, 'tls port': hasTls } = tls;
    const withTls = cells[COLUMNS.indexOf('hosts')]?.startsWith('tls://') === true;
    const names = hasTls ? 'cn:m' : '';
    const own = [`${id}`, withTls ? 'cn:r' : '', `${port}`, hasTls ? `${port + 1_000}` : '', plain, names];
    return [...own, ...cells].map(quoted).join(delimiter);
  });
  return [header.join(delimiter), ...lines, ''].join(end);
}

const encodings: readonly ((text: string) => Uint8Array)[] = [
  (text) => Buffer.from(text),
  (text) => Buffer.from(`\ufeff${text}`),
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  (text) => Buffer.from(text.trimEnd()),
];

const file = fc
  .tuple(ids, fc.constantFrom(',', ';', '\t'), fc.constantFrom('\n', '\r\n', '\r'), fc.constantFrom(...encodings))
  .chain(([numbers, delimiter, end, encode]) =>
    fc
      .tuple(...numbers.map((id) => row.map((cells) => ({ id, row: cells }))))
      .map((rows) => ({ rows, octets: encode(fileText(rows, delimiter, end)) })),
  );

const ADDRESSES = [
  ...['10.1.1.4', '10.1.1.5', '10.1.1.255', '10.1.2.0', '10.9.0.255', '192.168.0.1'],
  ...['2001:db8::7', '2001:db8::8', '2001:db8:9::1', '2001:db9::', '::1', '::a01:105'],
];

/** Whether networks hold an address, by another implementation than ours. */
function holds(cidrs: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', bits] = cidr.split('/');
    list.addSubnet(network, Number(bits), isIPv4(network) ? 'ipv4' : 'ipv6');
  }
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

const plain = (configuration: Configuration): unknown => JSON.parse(JSON.stringify(configuration.groups)) as unknown;

/** A name as it is, an address as a network of a NetworkPolicy can have it. */
function sameHost(host: string, written: string): boolean {
  if (isIP(written) === 0) return host === written;
  if (isIP(host) === 0 || /%|^::ffff:/i.test(host)) return false;
  const family = (address: string): 'ipv4' | 'ipv6' => (isIPv4(address) ? 'ipv4' : 'ipv6');
  const only = new BlockList();
  only.addAddress(host, family(host));
  return only.check(written.replace(/%.*/, ''), family(written));
}

describe('values of the chart', () => {
  it('are those of the configuration, whatever is in it', () => {
    fc.assert(
      fc.property(file, ({ rows, octets }) => {
        const configuration = parseConfiguration(octets);
        const { groups, csv, csvDigest, skipped } = chartValues(configuration, configurationText(octets) ?? '');
        expect(configuration.groups).toHaveLength(rows.length);
        expect(skipped).toEqual([]);
        expect(Object.keys(groups).sort()).toEqual(rows.map(({ id }) => `${id}`).sort());
        for (const group of configuration.groups) {
          const values = groups[group.id]!;
          expect(values.name).toBe(group.name);
          expect(values.rtuNumber).toBe(group.rtuNumber);
          expect(values.port).toBe(group.plain ? group.port : undefined);
          expect(values.tlsPort).toBe(group.tlsPort);
          expect(values.hosts.map(({ port, tls }) => ({ port, tls }))).toEqual(
            group.hosts.map(({ port, tls = false }) => ({ port, tls })),
          );
          values.hosts.forEach(({ host }, index) => expect(sameHost(host, group.hosts[index]?.host ?? '')).toBe(true));
          expect(values.sources).toHaveLength(group.filter.length);
          for (const address of ADDRESSES) {
            expect(holds(values.sources, address)).toBe(matchesAny(group.filter, address));
            expect(holds(values.proxies ?? [], address)).toBe(matchesAny(group.proxy, address));
          }
        }
        // The pods read the same groups as who made the chart, and the templates the same digest.
        expect(plain(parseConfiguration(csv))).toEqual(plain(configuration));
        expect(csvDigest).toBe(`sha256:${createHash('sha256').update(csv).digest('hex')}`);
        expect(csv).toMatch(/\n$/);
        expect(csv).not.toMatch(/\r|^\ufeff/);
      }),
    );
  });

  it('have another checksum exactly when the connector begins the group anew', () => {
    fc.assert(
      fc.property(row, row, (before, after) => {
        const read = (which: Row) => parseConfiguration(fileText([{ id: 7, row: which }])).groups;
        const [old, now] = [read(before), read(after)];
        const [change] = groupChanges(old, now).changed;
        const anew = change !== undefined && beginsAnew('connector', change);
        expect(groupValues(now[0]!).checksum === groupValues(old[0]!).checksum).toBe(!anew);
      }),
    );
  });

  it('do not depend on where a group stands in the file, and stand in the order of the ids', () => {
    fc.assert(
      fc.property(
        file.chain(({ rows }) =>
          fc.shuffledSubarray(rows, { minLength: rows.length }).map((moved) => ({ rows, moved })),
        ),
        ({ rows, moved }) => {
          // A port is by the place in the file here: it has to stay with its group.
          const lines = fileText(rows).split('\n');
          const text = [lines[0], ...moved.map((one) => lines[1 + rows.indexOf(one)]), ''].join('\n');
          const groups = (of: string) => JSON.stringify(chartValues(parseConfiguration(of), of).groups);
          expect(groups(text)).toBe(groups(fileText(rows)));
          const order = Object.keys(chartValues(parseConfiguration(text), text).groups).map(Number);
          expect(order).toEqual([...order].sort((a, b) => a - b));
        },
      ),
    );
  });

  it('say which rows are left out', () => {
    const text =
      'id,sys name,port no,rtu no,hosts\n1,A,2404,1,10.0.0.1:2404\n2,B,2404,2,10.0.0.2:2404\nx,C\n#3,D,1,1,1\n';
    expect(chartValues(parseConfiguration(text), text).skipped).toEqual([
      { row: 3, reason: 'port no: port 2404 is already used in row 2' },
    ]);
  });
});
