import { describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import type { Values } from './helm.ts';
import type { Pod } from './manifests.ts';
import { environment, render } from './render.ts';
import { groups, NO_USERS, row } from './values.ts';

const MASTERS = { 'tls port': 19_998, 'tls names': 'cn:scada-a' };
const MASTERS9 = { 'tls port': 20_009, 'tls names': 'cn:scada-a' };
const RTU = { hosts: 'tls://10.9.0.8:19998', 'rtu names': 'cn:rtu-8' };
/** Group 7 has TLS with its masters, group 8 with its RTU, group 9 not at all. */
const base = [groups(row(7, MASTERS), row(8, RTU), row(9)), NO_USERS];
const SECRET: Values = { tls: { existingSecret: 'plant-tls' } };

const sources = (pod: Pod): unknown => pod.spec.volumes?.find(({ name }) => name === 'tls')?.projected?.sources;

describe.skipIf(!requireTool('helm'))('TLS with masters and RTUs', () => {
  it('the files come to gateways, and to connectors whose RTU speaks TLS; to nobody else', () => {
    const all = render([...base, SECRET]);
    for (const name of ['gateway', 'connector-8']) {
      expect(sources(all.pod(`mm2ss-${name}`)), name).toEqual([{ secret: { name: 'plant-tls' } }]);
      expect(environment(all.pod(`mm2ss-${name}`))).toMatchObject({
        MM2SS_TLS_DIR: '/etc/mm2ss-tls',
        MM2SS_CRL_EXPIRED: 'warn',
        MM2SS_TLS_MAX_AGE: '24h',
      });
    }
    for (const name of ['router', 'connector-7', 'connector-9']) {
      expect(sources(all.pod(`mm2ss-${name}`)), name).toBeUndefined();
      expect(environment(all.pod(`mm2ss-${name}`))).not.toHaveProperty('MM2SS_TLS_DIR');
    }
  });

  it('packed connectors have them always: a group that needs them may come into the file later', () => {
    const all = render([groups(row(9)), NO_USERS, SECRET, { connectors: { groupsPerPod: 50 } }]);
    expect(sources(all.pod('mm2ss-connector-0-49'))).toEqual([{ secret: { name: 'plant-tls' } }]);
  });

  it('CRLs are in the same folder', () => {
    const all = render([...base, SECRET, { tls: { crlConfigMap: 'crls', crlExpired: 'refuse' } }]);
    expect(sources(all.pod('mm2ss-gateway'))).toEqual([
      { secret: { name: 'plant-tls' } },
      { configMap: { name: 'crls' } },
    ]);
    expect(environment(all.pod('mm2ss-gateway'))).toMatchObject({ MM2SS_CRL_EXPIRED: 'refuse' });
  });

  it('groups may have files of their own in one secret, which names no group: one more restarts nobody', () => {
    const secret: Values = { tls: { existingSecret: 'plant-tls', groupsSecret: 'tls-of-groups' } };
    const all = render([...base, secret]);
    const expected = [{ secret: { name: 'plant-tls' } }, { secret: { name: 'tls-of-groups', optional: true } }];
    expect(sources(all.pod('mm2ss-gateway'))).toEqual(expected);
    const more = render([groups(row(7, MASTERS), row(8, RTU), row(9, MASTERS9), row(10)), NO_USERS, secret]);
    expect(more.pod('mm2ss-gateway')).toEqual(all.pod('mm2ss-gateway'));
    // Without a shared certificate as well.
    expect(sources(render([...base, { tls: { groupsSecret: 'x' } }]).pod('mm2ss-gateway'))).toHaveLength(1);
    const packed = render([...base, secret, { connectors: { groupsPerPod: 50 } }]);
    expect(sources(packed.pod('mm2ss-connector-0-49'))).toEqual(expected);
  });

  it('a connector of one group gets no key of another one from it', () => {
    const all = render([...base, { tls: { groupsSecret: 'tls-of-groups' } }]);
    const items = ['tls.crt', 'tls.key', 'ca.crt'].map((name) => ({ key: `8.${name}`, path: `8.${name}` }));
    expect(sources(all.pod('mm2ss-connector-8'))).toEqual([
      { secret: { name: 'tls-of-groups', optional: true, items } },
    ]);
  });

  it('a group may have files of its own, in a folder of its own', () => {
    const all = render([...base, SECRET, { groups: { 7: { tlsSecret: 'tls-7' }, 8: { tlsSecret: 'tls-8' } } }]);
    const own = (id: string): unknown[] => [
      {
        secret: {
          name: `tls-${id}`,
          items: [
            { key: 'tls.crt', path: `${id}/tls.crt` },
            { key: 'tls.key', path: `${id}/tls.key` },
          ],
        },
      },
      { secret: { name: `tls-${id}`, optional: true, items: [{ key: 'ca.crt', path: `${id}/ca.crt` }] } },
    ];
    const shared = { secret: { name: 'plant-tls' } };
    expect(sources(all.pod('mm2ss-gateway'))).toEqual([shared, ...own('7'), ...own('8')]);
    expect(sources(all.pod('mm2ss-connector-8'))).toEqual([shared, ...own('8')]);
  });

  it('cert-manager makes one certificate for both ends', () => {
    const issuerRef = { name: 'plant-ca', kind: 'ClusterIssuer' };
    const all = render([
      ...base,
      { tls: { certManager: { enabled: true, issuerRef, dnsNames: ['mm2ss.plant'], uris: ['urn:mm2ss'] } } },
    ]);
    expect(all.the('Certificate', 'mm2ss-tls').spec).toMatchObject({
      secretName: 'mm2ss-tls',
      issuerRef,
      commonName: 'mm2ss',
      dnsNames: ['mm2ss.plant'],
      uris: ['urn:mm2ss'],
      usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
    });
    expect(sources(all.pod('mm2ss-gateway'))).toEqual([{ secret: { name: 'mm2ss-tls' } }]);
  });

  it('without it nothing is mounted', () => {
    const all = render([groups(row(9)), NO_USERS]);
    expect(all.of('Certificate')).toEqual([]);
    for (const [name, pod] of all.pods()) expect(sources(pod), name).toBeUndefined();
  });
});
