import { describe, expect, it } from 'vitest';
import { isOwnName, ownNames } from './own-names.js';

const FILES: Readonly<Record<string, string>> = {
  '/etc/hosts':
    '# made by the kubelet\n127.0.0.1\tlocalhost\n10.1.2.3\tgw-0.gw.plant.svc.cluster.local\tGW-0\n10.1.2.4 other gw-00\n',
  '/etc/resolv.conf': 'nameserver 10.0.0.10\nsearch plant.svc.cluster.local. example.net\noptions ndots:5\n',
};
const system = {
  hostname: () => 'Gw-0',
  read: (path: string) => {
    const text = FILES[path];
    if (text === undefined) throw new Error('ENOENT');
    return text;
  },
};

describe('the names of a process', () => {
  const names = ownNames({ host: 'Mm2ss.example', port: 9104 }, ['mm2ss.plant.example'], system);

  it('are those of the machine, the address it listens at, and what was given', () => {
    expect([...names].sort()).toEqual([
      'gw-0',
      'gw-0.example.net',
      'gw-0.gw.plant.svc.cluster.local',
      'gw-0.plant.svc.cluster.local',
      'mm2ss.example',
      'mm2ss.plant.example',
    ]);
  });

  it('are known also where no file says anything', () => {
    const silent = { hostname: () => 'a', read: () => expect.unreachable() };
    expect([...ownNames(undefined, [], silent)]).toEqual(['a']);
  });

  it.each([
    'localhost',
    'LOCALHOST:9104',
    'localhost.',
    'mm2ss.localhost:80',
    '127.0.0.1',
    '10.1.2.3:9104',
    '[::1]:9104',
    '[fe80::1]',
    'gw-0:9104',
    'gw-0.gw.plant.svc.cluster.local',
    'gw-0.example.net.:9104',
    'MM2SS.plant.example',
  ])('%s is one', (host) => expect(isOwnName(host, names)).toBe(true));

  it.each([
    '',
    'evil.example',
    'gw-0.evil.example:9104',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil.example:127',
    'gw-00',
    'other',
    '1.2.3',
    '[::1',
    '[gw-0]',
    'gw-0:9104:1',
    'gw-0@evil.example',
  ])('%j is none', (host) => expect(isOwnName(host, names)).toBe(false));
});
