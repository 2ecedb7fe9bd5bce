import { type BusUser, newSeed, publicKeyOf, userList, userListText } from '@iec104mm2ss/bus';
import { readFileSync } from 'node:fs';
import type { Values } from './helm.ts';
import { generated, groups, NO_USERS, row, rows, USERS } from './values.ts';

const sampleFile = new URL('../../libs/config/testdata/sample.csv', import.meta.url);

/** The ways in which the chart is used, whose manifests are kept. */
export const SCENARIOS: Readonly<Record<string, readonly Values[]>> = {
  /** One group, and as little as can be said. */
  minimal: [groups(row(7)), NO_USERS],
  /** The manual's sample, as it is to be installed: users, three NATS servers, a monitoring that may ask, the console. */
  sample: [
    generated(readFileSync(sampleFile, 'utf8')),
    USERS,
    {
      nats: { replicas: 3 },
      http: { tokenSecret: 'http-token' },
      networkPolicy: {
        monitoringFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      },
      monitoring: { podMonitor: { enabled: true, labels: { release: 'prometheus' } } },
      console: { enabled: true },
    },
  ],
  /** Packed connectors, Services by ranges of ids, autoscalers. */
  fleet: [
    groups(...rows(200)),
    NO_USERS,
    {
      connectors: { groupsPerPod: 50 },
      routers: { replicas: null, autoscaling: { enabled: true } },
      gateways: { replicas: null, autoscaling: { enabled: true }, service: { layout: 'chunks' } },
    },
  ],
  /** TLS on both sides, by cert-manager, with CRLs; one group has its own certificate. */
  tls: [
    groups(
      row(7, { 'tls port': 19_998, 'tls names': 'cn:scada-a', hosts: 'tls://10.9.0.7:19998', 'rtu names': 'cn:rtu-7' }),
      row(8, { 'tls port': 19_999, 'tls names': 'cn:scada-a', plain: 'Y' }),
      row(9),
    ),
    USERS,
    {
      groups: { 8: { tlsSecret: 'group-8' } },
      tls: { certManager: { enabled: true, issuerRef: { name: 'plant-ca' } }, crlConfigMap: 'crls' },
      nats: { tls: { existingSecret: 'nats-tls' } },
    },
  ],
  /** A NATS of one's own, which knows its clients by certificates; everything reached from elsewhere is named. */
  'external-nats': [
    groups(row(7), row(8)),
    {
      nats: {
        url: 'tls://nats-a.example:4222,tls://nats-b.example:4333',
        streamReplicas: 3,
        auth: { enabled: false },
        tls: { existingSecret: 'nats-ca', clientSecret: 'nats-client' },
      },
      networkPolicy: {
        natsTo: [{ ipBlock: { cidr: '10.20.0.0/24' } }],
        dnsTo: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
      },
      syslog: { url: 'tls://10.30.0.1:6514', tlsSecret: 'siem-ca' },
      gateways: { service: { type: 'NodePort', nodePorts: 'same', layout: 'perGroup' } },
    },
  ],
};

/** What mm2ss nats-auth lists for these groups, with new keys: a connector user for each range of so many ids. */
export function natsUsers(ids: readonly string[], perPod = 1): string {
  const ranges = new Map<string, string[]>();
  for (const id of ids) {
    const from = Math.floor(Number(id) / perPod) * perPod;
    const name = perPod === 1 ? `connector-${id}` : `connector-${from}-${from + perPod - 1}`;
    ranges.set(name, [...(ranges.get(name) ?? []), id]);
  }
  const users: BusUser[] = [
    ...[...ranges].map(([name, of]): BusUser => ({ name, role: 'connector', groups: of })),
    ...(['router', 'gateway', 'watcher', 'console', 'setup'] as const).map((role): BusUser => ({ name: role, role })),
  ];
  const known = users.map((user) => ({ ...user, identity: { nkey: publicKeyOf(newSeed()) as string } }));
  return userListText(userList(known, { groups: ids, httpControl: false }));
}
