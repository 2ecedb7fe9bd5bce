import { parseConfiguration, type GroupConfig } from '@iec104mm2ss/config';
import { describe, expect, it } from 'vitest';
import { chartDiff } from './chart-diff.js';
import { connectorPods } from './connector-pods.js';

const HEADER = 'id,sys name,port no,rtu no,max conn,hosts,filter,proxy,tls port,plain,tls names';
const groups = (...rows: readonly string[]): readonly GroupConfig[] => {
  const configuration = parseConfiguration([HEADER, ...rows, ''].join('\n'));
  expect(configuration.groups).toHaveLength(rows.length);
  return configuration.groups;
};
const row = (id: number, changes: Readonly<Record<string, string>> = {}): string => {
  const cells = { name: `R${id}`, port: `${2400 + id}`, max: '5', host: `10.0.0.${id}:2404`, ...changes };
  const { filter = '', proxy = '', tls = '', plain = '', names = '' } = cells as Readonly<Record<string, string>>;
  return [id, cells.name, cells.port, 1, cells.max, cells.host, filter, proxy, tls, plain, names].join(',');
};

const SINGLE = { groupsPerPod: 1, restartOnChange: true, ownSecrets: [] };

describe('what a new file does to the objects of the cluster', () => {
  it('is nothing where nothing changes, and where gateways and routers take it live', () => {
    const none = { pods: [], secrets: { added: [], perhaps: [] }, ports: [], policies: [], moved: [] };
    expect(chartDiff(groups(row(1), row(2)), groups(row(2), row(1)), SINGLE)).toEqual(none);
    expect(chartDiff(groups(row(1)), groups(row(1, { name: 'X', max: '9' })), SINGLE)).toEqual(none);
  });

  it('tells of an RTU that is to be of another group: two connectors would reach for it', () => {
    const before = groups(row(1), row(2), row(3));
    const after = groups(row(2), row(4, { host: '10.0.0.1:2404' }), row(5));
    expect(chartDiff(before, after, SINGLE).moved).toEqual([{ before: '1', after: '4', host: '10.0.0.1:2404' }]);
    expect(chartDiff(before, before, SINGLE).moved).toEqual([]);
    // Two groups may have had the same address before: that is nothing new.
    const shared = groups(row(1), row(2, { host: '10.0.0.1:2404' }));
    expect(chartDiff(shared, groups(row(2, { host: '10.0.0.1:2404' })), SINGLE).moved).toEqual([]);
  });

  it('restarts the connectors of changed rows, and no other', () => {
    const before = groups(row(1), row(2), row(3));
    const after = groups(row(2, { host: '10.0.0.9:2404' }), row(3, { max: '6' }), row(4));
    expect(chartDiff(before, after, SINGLE).pods).toEqual([
      { name: 'connector-1', what: 'gone', groups: ['1'] },
      { name: 'connector-2', what: 'restarts', groups: ['2'] },
      { name: 'connector-4', what: 'new', groups: ['4'] },
    ]);
  });

  it('restarts no connector where the chart is told so', () => {
    const [before, after] = [groups(row(1)), groups(row(1, { host: '10.0.0.9:2404' }))];
    expect(chartDiff(before, after, { groupsPerPod: 1, restartOnChange: false, ownSecrets: [] }).pods).toEqual([]);
  });

  it('restarts no connector of several groups, and begins new ones with the first of their groups', () => {
    const before = groups(row(1), row(2), row(60));
    const after = groups(row(1, { host: '10.0.0.9:2404' }), row(3), row(100), row(149));
    expect(chartDiff(before, after, { groupsPerPod: 50, restartOnChange: true, ownSecrets: [] }).pods).toEqual([
      { name: 'connector-50-99', what: 'gone', groups: ['60'] },
      { name: 'connector-100-149', what: 'new', groups: ['100', '149'] },
    ]);
  });

  it('says which ports appear, go, and change hands', () => {
    const before = groups(row(1), row(2), row(3));
    const after = groups(row(1, { port: '2402' }), row(2, { port: '2410' }), row(3, { tls: '19998', names: 'cn:m' }));
    expect(chartDiff(before, after, SINGLE).ports).toEqual([
      { port: 2401, before: '1', after: undefined },
      { port: 2402, before: '2', after: '1' },
      { port: 2403, before: '3', after: undefined },
      { port: 2410, before: undefined, after: '2' },
      { port: 19998, before: undefined, after: '3' },
    ]);
  });

  it('says what the policies of groups that stay let pass', () => {
    const before = groups(row(1, { filter: '10.1.1.0/24;10.1.2.7' }), row(2), row(3));
    const after = groups(
      row(1, { filter: '10.1.1.0/24;2001:db8::/32' }),
      row(2, { filter: '10.1.0.0/16', host: '[2001:db8::2]:2404' }),
      row(3, { proxy: '10.9.0.1' }),
    );
    expect(chartDiff(before, after, SINGLE).policies).toEqual([
      { group: '1', of: 'masters', allowed: ['2001:db8::/32'], allowedNoMore: ['10.1.2.7/32'] },
      { group: '2', of: 'masters', allowed: ['10.1.0.0/16'], allowedNoMore: ['everywhere'] },
      { group: '2', of: 'hosts', allowed: ['[2001:db8::2]:2404'], allowedNoMore: ['10.0.0.2:2404'] },
      { group: '3', of: 'proxies', allowed: ['10.9.0.1/32'], allowedNoMore: [] },
    ]);
  });
});

describe('connector pods', () => {
  it('are named by ranges that begin at multiples of their length, up to the longest ids', () => {
    const ids = ['0', '49', '50', '1234', '999999999999'];
    expect([...connectorPods(ids, 50)]).toEqual([
      ['connector-0-49', ['0', '49']],
      ['connector-50-99', ['50']],
      ['connector-1200-1249', ['1234']],
      ['connector-999999999950-999999999999', ['999999999999']],
    ]);
    expect([...connectorPods(['7', '8'], 1).keys()]).toEqual(['connector-7', 'connector-8']);
  });
});
