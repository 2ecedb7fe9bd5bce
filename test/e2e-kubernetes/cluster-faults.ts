/** What goes wrong on a cluster, the alerts that it has to cause, and how it is put right. */
import type { Labels } from '../e2e-observability/prometheus.ts';
import { kubectl } from './cluster.ts';
import { PLAIN, scaleTo, type Scene, TLS } from './scene.ts';

interface ClusterFault {
  readonly title: string;
  /** Labels that an alert has to have, its name among them. */
  readonly alerts: readonly Labels[];
  readonly cause: (scene: Scene) => Promise<unknown>;
  readonly mend: (scene: Scene) => Promise<unknown>;
}

const CONNECTOR = `app.kubernetes.io/component=connector,iec104mm2ss/group=${PLAIN.id}`;
const scaleConnector = (replicas: number): Promise<string> =>
  kubectl('scale', 'deployment', '-l', CONNECTOR, `--replicas=${replicas}`);
const scaleNats = (replicas: number): Promise<string> =>
  kubectl('scale', 'statefulset', '-l', 'app.kubernetes.io/component=nats', `--replicas=${replicas}`);

const GROUPS = 'app.kubernetes.io/component=groups';
const CSV = 'groups.csv';
/** What the ConfigMap had before it was spoilt. */
let groupsFile = '';

async function readGroups(): Promise<string> {
  const { items } = JSON.parse(await kubectl('get', 'configmap', '-l', GROUPS, '-o', 'json')) as {
    items: { data: Record<string, string> }[];
  };
  return items[0]?.data[CSV] ?? '';
}

async function writeGroups(text: string): Promise<void> {
  const name = await kubectl('get', 'configmap', '-l', GROUPS, '-o', 'name');
  await kubectl('patch', name.trim(), '--type=merge', '-p', JSON.stringify({ data: { [CSV]: text } }));
}

export const CLUSTER_FAULTS: readonly ClusterFault[] = [
  {
    title: 'an RTU goes off the network',
    alerts: [{ alertname: 'RtuDown', group: PLAIN.id, cause: 'down' }],
    cause: ({ field }) => field.group(PLAIN.id).rtu.stop(),
    mend: ({ field }) => field.group(PLAIN.id).rtu.start(),
  },
  {
    title: 'a connector has no pod',
    alerts: [{ alertname: 'ConnectorAbsent', group: PLAIN.id }],
    cause: () => scaleConnector(0),
    mend: () => scaleConnector(1),
  },
  {
    title: 'there is no router',
    alerts: [{ alertname: 'NoOwner', group: TLS.id, role: 'router' }],
    cause: () => scaleTo('router', 0),
    mend: () => scaleTo('router', 2),
  },
  {
    title: 'both masters of an RTU leave',
    alerts: [
      { alertname: 'NoMasterStarted', group: TLS.id },
      { alertname: 'ExpectedMasterMissing', group: TLS.id, master: 'D' },
      { alertname: 'ExpectedMasterMissing', group: TLS.id, master: 'E' },
    ],
    cause: ({ field }) => Promise.all(field.group(TLS.id).masters.map(({ station }) => station.close())),
    mend: ({ field }) => Promise.all(field.group(TLS.id).masters.map(({ station }) => station.moveTo(station.host))),
  },
  {
    title: 'observe mode is ordered',
    alerts: [{ alertname: 'ObserveModeOn', group: PLAIN.id }],
    cause: ({ release }) => release.asUser('console', 'observe', PLAIN.id, 'on'),
    mend: ({ release }) => release.asUser('console', 'observe', PLAIN.id, 'off'),
  },
  {
    title: 'NATS has no pod',
    alerts: [{ alertname: 'NatsDown' }],
    cause: () => scaleNats(0),
    mend: () => scaleNats(1),
  },
  {
    title: 'the ConfigMap gets a file that cannot be taken',
    alerts: [{ alertname: 'ConfigurationMismatch', cause: 'refused' }],
    cause: async () => {
      groupsFile = await readGroups();
      await writeGroups('id,sys name,port no\nnothing of use\n');
    },
    mend: () => writeGroups(groupsFile),
  },
  {
    title: 'the certificate of the gateways is replaced by one that ends in three days',
    alerts: [{ alertname: 'CertificateExpiring', cause: 'week' }],
    cause: ({ release }) => release.replaceCertificate(3),
    mend: ({ release }) => release.replaceCertificate(90),
  },
];
