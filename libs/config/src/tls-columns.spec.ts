import { describe, expect, it } from 'vitest';
import { parseConfiguration } from './parse-configuration.js';
import { clientNames, needsTls } from './tls-columns.js';
import type { GroupConfig, Problem } from './types.js';

const PIN = 'AB:'.repeat(31) + 'cd';
const HOST = '10.0.0.1:2404';

function load(...rows: Readonly<Record<string, string>>[]): {
  readonly groups: readonly GroupConfig[];
  readonly problems: readonly Problem[];
} {
  const filled = rows.map((row, index) => {
    const id = String(index + 1);
    return { id, 'sys name': 'A', 'port no': `${2500 + index}`, 'rtu no': '1', hosts: HOST, ...row };
  });
  const columns = [...new Set(filled.flatMap((row) => Object.keys(row)))];
  const lines = filled.map((row) => columns.map((column) => (row as Record<string, string>)[column] ?? '').join('|'));
  const { groups, problems } = parseConfiguration([columns.join('|'), ...lines].join('\n'));
  return { groups, problems: problems.filter(({ row }) => row > 1) };
}

const skipped = (field: string, reason: string): object => {
  return { field, severity: 'skipped', reason: expect.stringContaining(reason) as string };
};

describe('a row is refused', () => {
  it.each<[Record<string, string>, string, string]>([
    [{ 'tls port': '19998' }, 'tls names', 'nobody is named who may connect'],
    [{ 'tls port': '19998', masters: 'A=10.1.1.5' }, 'tls names', 'nobody is named'],
    [{ 'tls port': '0', 'tls names': 'cn:a' }, 'tls port', '0 is not in 1..65535'],
    [{ 'tls port': '2500', 'tls names': 'cn:a' }, 'tls port', 'is "port no" already'],
    [{ plain: 'Y' }, 'plain', 'beside "tls port", which is empty'],
    [{ plain: 'N' }, 'plain', 'beside "tls port", which is empty'],
    [{ plain: 'maybe', 'tls port': '19998', 'tls names': 'cn:a' }, 'plain', 'is none of y, n'],
    [{ 'tls names': 'cn:a' }, 'tls names', 'without "tls port"'],
    [{ masters: 'A=cn:a' }, 'masters', 'without "tls port"'],
    [{ 'tls profile': 'modern' }, 'tls profile', 'neither a "tls port" nor'],
    [{ 'tls profile': 'moderm', 'tls port': '1', 'tls names': 'cn:a' }, 'tls profile', 'nearest valid form: modern'],
    [{ hosts: `tls://${HOST}` }, 'rtu names', 'must say is needed'],
    [{ 'rtu names': 'cn:rtu' }, 'rtu names', 'no host has tls://'],
    [{ hosts: `ssl://${HOST}` }, 'hosts', `nearest valid form: tls://${HOST}`],
    [{ hosts: 'tls://10.0.0.1', 'rtu names': 'cn:r' }, 'hosts', 'is not IP:PORT'],
    [{ 'tls port': '1', 'tls names': 'scada-a' }, 'tls names', 'nearest valid form: cn:scada-a'],
    [{ 'tls port': '1', 'tls names': 'dns:*.example' }, 'tls names', 'no wildcards'],
    [{ 'tls port': '1', 'tls names': 'cn:*' }, 'tls names', 'no wildcards'],
    [{ 'tls port': '1', 'tls names': 'cn:a,cn:b' }, 'tls names', 'separated by semicolons'],
    [{ 'tls port': '1', 'tls names': 'sha256:abcd' }, 'tls names', '64 hexadecimal digits'],
    [{ 'tls port': '1', 'tls names': PIN }, 'tls names', `nearest valid form: sha256:${'ab'.repeat(31)}cd`],
    [{ 'tls port': '1', 'tls names': ';' }, 'tls names', 'no certificate name given'],
    [{ 'tls port': '1', masters: 'A=cn:' }, 'masters', 'empty certificate name'],
  ])('%j: %s, %s', (cells, field, reason) => {
    const { groups, problems } = load(cells);
    expect(groups).toEqual([]);
    expect(problems).toMatchObject([skipped(field, reason)]);
  });

  it.each([
    [{ 'port no': '19998' }, 'port no', 'already used in row 2 as "tls port"'],
    [{ 'tls port': '19998', 'tls names': 'cn:a' }, 'tls port', 'already used in row 2'],
    [{ 'tls port': '2500', 'tls names': 'cn:a' }, 'tls port', 'already used in row 2 as "port no"'],
  ])('when it has a port of another group: %j', (second, field, reason) => {
    const { groups, problems } = load({ 'tls port': '19998', 'tls names': 'cn:a' }, second);
    expect(groups).toHaveLength(1);
    expect(problems).toMatchObject([skipped(field, reason)]);
  });
});

describe('a row with TLS', () => {
  it('closes the plain port unless it is wanted', () => {
    const names = { 'tls port': '19998', 'tls names': 'cn:a' };
    expect(load(names).groups).toMatchObject([{ tlsPort: 19998, plain: false, tlsProfile: 'iec62351' }]);
    expect(load({ ...names, plain: 'n' }).groups).toMatchObject([{ plain: false }]);
    expect(load({ ...names, plain: 'Y', 'tls profile': 'Modern' }).groups).toMatchObject([
      { plain: true, tlsProfile: 'modern' },
    ]);
    expect(load({}).groups).toMatchObject([{ tlsPort: undefined, plain: true }]);
  });

  it('lets those in who are named, else the masters that have certificates', () => {
    const allowed = (cells: Record<string, string>): string[] =>
      load({ 'tls port': '19998', ...cells }).groups.flatMap((group) => clientNames(group).map(({ text }) => text));
    expect(allowed({ 'tls names': 'cn:a; uri:urn:b' })).toEqual(['cn:a', 'uri:urn:b']);
    expect(allowed({ masters: 'A=cn:a,dns:A.Example.;B=10.1.1.1,cn:b' })).toEqual(['cn:a', 'dns:A.Example.', 'cn:b']);
    expect(allowed({ masters: 'A=cn:a', 'tls names': `sha256:${PIN}` })).toEqual([`sha256:${PIN}`]);
  });

  it('says that a master without a certificate name is nobody there', () => {
    const { groups, problems } = load({ 'tls port': '19998', masters: 'A=cn:a;B=10.1.1.5' });
    expect(groups).toHaveLength(1);
    expect(problems).toMatchObject([{ severity: 'warning', field: 'masters', reason: /nobody is B on the TLS port/ }]);
  });

  it('towards the RTU, by host', () => {
    const { groups, problems } = load({ hosts: `TLS://${HOST};tls://[2001:db8::5]:19998`, 'rtu names': 'dns:RTU-7.x' });
    expect(problems).toEqual([]);
    expect(groups[0]?.hosts).toEqual([
      { host: '10.0.0.1', port: 2404, tls: true },
      { host: '2001:db8::5', port: 19998, tls: true },
    ]);
    expect(groups[0]?.rtuNames).toMatchObject([{ kind: 'dns', value: 'rtu-7.x' }]);
    expect(groups.map((group) => [needsTls(group, 'rtu'), needsTls(group, 'masters')])).toEqual([[true, false]]);
  });

  it('warns of hosts without TLS beside those with', () => {
    expect(load({ hosts: `tls://${HOST};10.0.0.2:2404`, 'rtu names': 'cn:r' }).problems).toMatchObject([
      { field: 'hosts', severity: 'warning', reason: /nothing says who answers at 10.0.0.2:2404/ },
    ]);
  });
});
