import { parseConfiguration } from '@iec104mm2ss/config';
import { expect, it } from 'vitest';
import { ciscoRules } from './cisco.js';
import { iptablesRules, nftablesRules } from './linux.js';
import { openingsOf } from './openings.js';
import { windowsRules } from './windows.js';

const CSV = `id,sys name,port no,rtu no,max conn,hosts,filter,proxy,tls port,plain,tls names
1,North,2404,1,5,10.9.0.1:2404;[2001:db8::9]:2405,10.1.1.0/24;10.1.2.7;2001:db8:1::/48,10.1.3.1,19998,,cn:scada
2,"O'Brien ""x"" Süd",2405,2,5,rtu.example:2404,,,,,
3,Both,2406,3,5,10.9.0.3:2404,10.1.1.5,,19999,Y,cn:scada
`;

const openings = openingsOf(parseConfiguration(CSV).groups);

it('opens the plain port only where it listens, to those of the filter and to load balancers', () => {
  expect(openings.inbound.map(({ group, port, tls, sources }) => [group, port, tls, sources?.v4, sources?.v6])).toEqual(
    [
      ['1', 19998, true, ['10.1.1.0/24', '10.1.2.7/32', '10.1.3.1/32'], ['2001:db8:1::/48']],
      ['2', 2405, false, undefined, undefined],
      ['3', 2406, false, ['10.1.1.5/32'], []],
      ['3', 19999, true, ['10.1.1.5/32'], []],
    ],
  );
});

it('writes a table of its own for nftables', () => {
  expect(nftablesRules(openings)).toEqual([
    'table inet iec104mm2ss',
    'delete table inet iec104mm2ss',
    'table inet iec104mm2ss {',
    '  chain input {',
    '    type filter hook input priority filter; policy accept;',
    '    ct state established,related accept',
    '    tcp dport 19998 ip saddr { 10.1.1.0/24, 10.1.2.7/32, 10.1.3.1/32 } accept comment "1 North"',
    '    tcp dport 19998 ip6 saddr { 2001:db8:1::/48 } accept comment "1 North"',
    '    tcp dport 19998 drop',
    '    tcp dport 2405 accept comment "2 O_Brien _x_ Sud"',
    '    tcp dport 2406 ip saddr { 10.1.1.5/32 } accept comment "3 Both"',
    '    tcp dport 2406 drop',
    '    tcp dport 19999 ip saddr { 10.1.1.5/32 } accept comment "3 Both"',
    '    tcp dport 19999 drop',
    '  }',
    '  # For a firewall that lets nothing out by default: take these into its output chain.',
    '  chain to_rtus {',
    '    tcp dport 2404 ip daddr 10.9.0.1 accept comment "1 North"',
    '    tcp dport 2405 ip6 daddr 2001:db8::9 accept comment "1 North"',
    '    # rtu.example port 2404 (2 O_Brien _x_ Sud): a name, put its address here',
    '    tcp dport 2404 ip daddr 10.9.0.3 accept comment "3 Both"',
    '  }',
    '}',
  ]);
});

it('writes a chain of its own for iptables, in both families, which leaves no port with a filter open', () => {
  const lines = iptablesRules(openings);
  expect(lines).toContain(
    "iptables -A IEC104MM2SS -p tcp -s 10.1.2.7/32 --dport 19998 -m comment --comment '1 North' -j ACCEPT",
  );
  for (const command of ['iptables', 'ip6tables']) {
    for (const port of [19998, 2406, 19999]) {
      expect(lines).toContain(`${command} -A IEC104MM2SS -p tcp --dport ${port} -j DROP`);
    }
    expect(lines.filter((line) => line.startsWith(command) && line.includes('--dport 2405'))).toHaveLength(1);
  }
});

it('allows only, for Windows: a rule that blocks would win', () => {
  const lines = windowsRules(openings).filter((line) => line.startsWith('New-'));
  expect(lines).toHaveLength(7);
  expect(lines.every((line) => line.includes('-Action Allow'))).toBe(true);
  expect(lines[0]).toBe(
    "New-NetFirewallRule -Group 'iec104mm2ss' -DisplayName 'IEC 104 TLS 1 North, port 19998' -Protocol TCP -Direction Inbound " +
      '-LocalPort 19998 -RemoteAddress 10.1.1.0/24,10.1.2.7/32,10.1.3.1/32,2001:db8:1::/48 -Action Allow | Out-Null',
  );
});

it('writes wildcard masks for IOS, and one list for each family that the machine has', () => {
  const lines = ciscoRules(openings, { v4: '10.0.0.10', v6: undefined });
  expect(lines).toEqual(
    expect.arrayContaining([
      ' permit tcp 10.1.1.0 0.0.0.255 host 10.0.0.10 eq 19998',
      ' permit tcp host 10.1.2.7 host 10.0.0.10 eq 19998',
      ' deny tcp any host 10.0.0.10 eq 19998 log',
      ' permit tcp any host 10.0.0.10 eq 2405',
      ' permit tcp host 10.0.0.10 host 10.9.0.1 eq 2404',
    ]),
  );
  expect(lines.join('\n')).not.toContain('2001:');
  expect(ciscoRules(openings, { v4: undefined, v6: '2001:db8::10' })).toContain(
    ' permit tcp 2001:db8:1::/48 host 2001:db8::10 eq 19998',
  );
});

it('has one rule for a host that stands twice in a row, and an IPv4 rule for a mapped address', () => {
  const csv = `id,sys name,port no,rtu no,hosts
1,A,2404,1,10.9.0.1:2404;10.9.0.1:2404;[::ffff:10.9.0.5]:2404;[fe80::1%eth0]:2405
`;
  const { outbound } = openingsOf(parseConfiguration(csv).groups);
  expect(outbound.map(({ host, port, family }) => [host, port, family])).toEqual([
    ['10.9.0.1', 2404, 'v4'],
    ['10.9.0.5', 2404, 'v4'],
    ['fe80::1', 2405, 'v6'],
  ]);
});

it('gives Windows all addresses of a family as networks that it takes, and every rule a name of its own', () => {
  const csv = `id,sys name,port no,rtu no,hosts,filter
1,A,2404,1,10.9.0.1:2404;10.9.0.1:2405,0.0.0.0/0
2,B,2405,2,10.9.0.2:2404,10.1.1.5;::/0
`;
  const lines = windowsRules(openingsOf(parseConfiguration(csv).groups));
  const addresses = lines.flatMap((line) => / -Direction Inbound .*-RemoteAddress (\S+)/.exec(line)?.[1] ?? []);
  expect(addresses).toEqual(['0.0.0.0/1,128.0.0.0/1', '10.1.1.5/32,::/1,8000::/1']);
  const names = lines.flatMap((line) => /-DisplayName '([^']*)'/.exec(line)?.[1] ?? []);
  expect(names).toHaveLength(5);
  expect(new Set(names).size).toBe(5);
});

it('writes nothing but lines that IOS knows', () => {
  const address = '(any|host [0-9a-f.:]+|[0-9.]+ [0-9.]+|[0-9a-f:]+/[0-9]+)';
  const known = new RegExp(
    `^(![ -~]*|(no )?(ip access-list extended|ipv6 access-list) [A-Z0-9-]+| remark [ ->@-~]{1,100}|` +
      ` (permit|deny) tcp ${address} host [0-9a-f.:]+ eq [0-9]+( log)?)$`,
  );
  const lines = ciscoRules(openings, { v4: '10.0.0.10', v6: '2001:db8::10' });
  expect(lines.filter((line) => !known.test(line))).toEqual([]);
});

it('has one rule for a port of groups in two files, for the sources of both', () => {
  const [south, north] = ['10.1.1.5', '2001:db8::/32;10.1.1.5;10.1.2.0/24'].map((filter, i) =>
    parseConfiguration(
      `id,sys name,port no,rtu no,hosts,filter\n1,F${i},2404,1,10.9.0.1:2404,${filter}\n2,G,240${i + 5},1,10.9.0.1:2404,\n`,
    ),
  );
  const { inbound } = openingsOf([...(south?.groups ?? []), ...(north?.groups ?? [])]);
  expect(inbound.map(({ port, name, sources }) => [port, name, sources])).toEqual([
    [2404, 'F0, 1 F1', { v4: ['10.1.1.5/32', '10.1.2.0/24'], v6: ['2001:db8::/32'] }],
    [2405, 'G', undefined],
    [2406, 'G', undefined],
  ]);
});

it('is open to every source where one of two groups of a port is', () => {
  const files = ['10.1.1.5', ''].map((filter) =>
    parseConfiguration(`id,sys name,port no,rtu no,hosts,filter\n1,F,2404,1,10.9.0.1:2404,${filter}\n`),
  );
  expect(openingsOf(files.flatMap(({ groups }) => groups)).inbound[0]?.sources).toBeUndefined();
});
