import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { CHART, refusal, renderedText, type Values } from './helm.ts';
import { csvOf, groups, NO_USERS, row, USERS } from './values.ts';

const base = [groups(row(7), row(8)), NO_USERS];
const FILTERED = { gateways: { service: { externalTrafficPolicy: 'Cluster' } } };
const gateways = (more: Values): Values => ({ gateways: { service: more } });
const certificate = (more: Values): Values => ({
  tls: { certManager: { enabled: true, issuerRef: { name: 'plant-ca' }, ...more } },
});
const TLS_PORT = { 'tls port': 19_998, 'tls names': 'cn:a' };

/** Values that contradict each other, and what the chart says of them. */
const CASES: readonly [string, readonly Values[], string][] = [
  ['no group', [NO_USERS], 'mm2ss chart groups.csv -o chart\n  helm upgrade --install mm2ss chart --namespace scada'],
  ['the text of a file alone', [{ csv: csvOf([row(7)]) }, NO_USERS], 'Instead of --set-file csv=groups.csv'],
  ['groups without the text of the file', [...base, { csv: '' }], 'csv is empty'],
  ['another text than that of the groups', [...base, { csv: csvOf([row(7)]) }], 'csvDigest does not fit'],
  [
    'a group that the file has not',
    [...base, { groups: { 9: { tlsSecret: 'x' } } }],
    'groups.9 has no name or rtuNumber',
  ],
  [
    'a group that no master can reach',
    [...base, { groups: { 9: { name: 'x', rtuNumber: 9, hosts: [] } } }],
    'groups.9 has neither port nor tlsPort',
  ],
  ['another port than in the file', [...base, { groups: { 7: { port: 2_499 } } }], 'groupsDigest does not fit'],
  ['another RTU than in the file', [...base, { groups: { 8: { hosts: [] } } }], 'groupsDigest does not fit'],
  ['values of two files', [groups(row(7), row(9)), ...base], 'groupsDigest does not fit'],
  ['a group of the file taken out', [...base, { groups: { 7: null } }], 'got null, want object'],
  [
    'connectors that NATS does not know',
    [groups(row(7)), USERS, { connectors: { groupsPerPod: 3 } }],
    'mm2ss nats-auth groups.csv -o nats --groups-per-pod 3',
  ],
  ['a port of two groups', [...base, { groups: { 7: { port: 10_008 } } }], 'port 10008 is that of groups.7'],
  ['a port that is ours', [groups(row(7, { 'port no': 9104 })), NO_USERS], 'port 9104 is that of http.port'],
  [
    'one port for metrics and health',
    [...base, { http: { healthPort: 9104 } }],
    'http.port and http.healthPort are the same',
  ],
  ['a port below 1024', [groups(row(7, { 'port no': 104 })), NO_USERS], 'gateways.privilegedPorts=true'],
  [
    'ports below 1024 on the network of nodes',
    [...base, { gateways: { privilegedPorts: true, service: { type: 'HostPorts' } } }],
    'privilegedPorts cannot be had with HostPorts',
  ],
  [
    'users without keys',
    [groups(row(7))],
    'kubectl create secret generic mm2ss-nats-keys --namespace scada $(for key in nats/*.nk',
  ],
  [
    'packed users without keys',
    [groups(row(7)), { connectors: { groupsPerPod: 50 } }],
    'nats-auth groups.csv -o nats --groups-per-pod 50',
  ],
  ['keys without users', [groups(row(7)), USERS, { natsUsers: '' }], 'natsUsers is empty'],
  [
    'users as a release before lists them',
    [groups(row(7)), USERS, { natsUsers: 'authorization {\n}\n' }],
    'natsUsers is not what this chart reads',
  ],
  [
    'users as a release to come lists them',
    [groups(row(7)), USERS, { natsUsers: '{"format": 2, "users": []}' }],
    'mm2ss nats-auth groups.csv -o nats',
  ],
  [
    'two ways to say the URL',
    [...base, { nats: { url: 'nats://a:4222', urlSecret: { name: 'x' } } }],
    'only one of them',
  ],
  [
    'credentials for the bundled NATS',
    [...base, { nats: { credsSecret: 'x' } }],
    'credsSecret is for a NATS of your own',
  ],
  [
    'certificates for the bundled NATS',
    [...base, { nats: { tls: { clientSecret: 'x' } } }],
    'clientSecret is for a NATS of your own',
  ],
  ['TLS with masters without a certificate', [groups(row(7, TLS_PORT)), NO_USERS], 'groups.7 needs TLS'],
  [
    'TLS with an RTU without a certificate',
    [groups(row(7, { hosts: 'tls://10.9.0.7:19998', 'rtu names': 'cn:r' })), NO_USERS],
    'groups.7 needs TLS',
  ],
  [
    'two certificates',
    [...base, { tls: { existingSecret: 'x', certManager: { enabled: true, issuerRef: { name: 'a' } } } }],
    'only one of them',
  ],
  [
    'a certificate that nobody signs',
    [...base, { tls: { certManager: { enabled: true } } }],
    'issuerRef.name is missing',
  ],
  [
    'a certificate that is renewed before it is made',
    [...base, certificate({ duration: '90m', renewBefore: '1h31m' })],
    'renewBefore 1h31m is not below duration 90m',
  ],
  ['one that is renewed too late', [...base, certificate({ renewBefore: '4m59s' })], 'renewBefore 4m59s'],
  ['one that ends too soon', [...base, certificate({ duration: '59m', renewBefore: '' })], 'duration 59m'],
  ['CRLs for nothing', [...base, { tls: { crlConfigMap: 'crls' } }], 'nobody looks at it'],
  [
    'an autoscaler of routers and a number',
    [...base, { routers: { autoscaling: { enabled: true } } }],
    'routers.autoscaling.enabled needs routers.replicas=null',
  ],
  [
    'an autoscaler of gateways and a number',
    [...base, { gateways: { autoscaling: { enabled: true } } }],
    'gateways.autoscaling.enabled needs gateways.replicas=null',
  ],
  [
    'an autoscaler without a request to go by',
    [...base, { routers: { replicas: null, autoscaling: { enabled: true }, resources: { requests: { cpu: null } } } }],
    'needs routers.resources.requests.cpu',
  ],
  [
    'an autoscaler that Kubernetes refuses',
    [...base, { gateways: { replicas: null, autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 4 } } }],
    'gateways.autoscaling.minReplicas is above maxReplicas',
  ],
  [
    'too little time for a clean end',
    [...base, { gateways: { preStopSeconds: 50 } }],
    'terminationGracePeriodSeconds must be 15 above',
  ],
  [
    'one address for several Services',
    [...base, gateways({ layout: 'chunks', loadBalancerIP: '10.0.0.1' })],
    'layout shared',
  ],
  [
    'an address of a group in a shared Service',
    [...base, { groups: { 7: { loadBalancerIP: '10.0.0.1' } } }],
    'layout=perGroup',
  ],
  [
    'annotations of a group in a shared Service',
    [...base, { groups: { 7: { serviceAnnotations: { a: 'b' } } } }],
    'layout=perGroup',
  ],
  [
    'node ports without nodes',
    [...base, gateways({ type: 'ClusterIP' }), { groups: { 7: { nodePort: 30_007 } } }],
    'there are none with gateways.service.type ClusterIP',
  ],
  [
    'one node port for two groups',
    [...base, { groups: { 7: { nodePort: 30_007 }, 8: { nodePort: 30_007 } } }],
    'groups.8: port 30007 of the nodes is that of groups.7, too',
  ],
  [
    'one node port for both ports of a group',
    [
      groups(row(7, { ...TLS_PORT, plain: 'Y' })),
      NO_USERS,
      { tls: { existingSecret: 'x' }, groups: { 7: { nodePort: 30_007, tlsNodePort: 30_007 } } },
    ],
    'groups.7: port 30007 of the nodes',
  ],
  [
    'a node port that is the own port of another group',
    [
      groups(row(7, { 'port no': 30_007 }), row(8, { 'port no': 30_008 })),
      NO_USERS,
      gateways({ type: 'NodePort', nodePorts: 'same' }),
      { groups: { 8: { nodePort: 30_007 } } },
    ],
    'groups.8: port 30007 of the nodes',
  ],
  [
    'one family of addresses, and two by name',
    [...base, { service: { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4', 'IPv6'] } }],
    'service.ipFamilies names two',
  ],
  ...(
    [
      [
        'connectors',
        { requests: { memory: '1Gi' }, limits: { memory: '500Mi' } },
        'requests.memory 1Gi is above limits.memory 500Mi',
      ],
      ['routers', { requests: { cpu: 1 }, limits: { cpu: '999m' } }, 'requests.cpu 1 is above limits.cpu 999m'],
      [
        'gateways',
        { requests: { cpu: '1500m' }, limits: { cpu: '1.4' } },
        'requests.cpu 1500m is above limits.cpu 1.4',
      ],
      [
        'nats',
        { requests: { memory: '2e9' }, limits: { memory: '1G' } },
        'requests.memory 2e9 is above limits.memory 1G',
      ],
    ] as const
  ).map(([part, resources, message]): [string, readonly Values[], string] => [
    `more than is allowed asked for by ${part}`,
    [...base, { [part]: { resources } }],
    `${part}.resources: ${message}`,
  ]),
  [
    'more than is allowed asked for by the connector of a group',
    [...base, { groups: { 7: { resources: { requests: { memory: '4Gi' } } } } }],
    'groups.7.resources: requests.memory 4Gi is above limits.memory 256Mi',
  ],
  ['a filter by addresses that are not to be had', [...base, FILTERED], 'masters come from the addresses of nodes'],
  [
    'pods on the network of nodes, which NATS would not let in',
    [...base, { groups: { 7: { hostNetwork: true } } }],
    'groups.7.hostNetwork: these pods come to NATS',
  ],
  [
    'gateways on the network of nodes, which NATS would not let in',
    [...base, gateways({ type: 'HostPorts' })],
    'HostPorts: these pods come to NATS',
  ],
  [
    'two pods with the same port on the network of a node',
    [...base, { groups: { 7: { hostNetwork: true }, 8: { hostNetwork: true } } }],
    'groups.7 and groups.8 are on the network',
  ],
  [
    'a connector and gateways with the same port on the network of a node',
    [
      ...base,
      { ...gateways({ type: 'HostPorts' }), groups: { 7: { hostNetwork: true } }, networkPolicy: { enabled: false } },
    ],
    'the gateways and groups.7 are on the network of their nodes',
  ],
  [
    'ports for a pod that has its own network',
    [...base, { groups: { 7: { httpPort: 9204 } } }],
    'for hostNetwork only',
  ],
  ...['resources', 'nodeSelector', 'affinity', 'podLabels', 'podAnnotations'].map(
    (key): [string, readonly Values[], string] => [
      `${key} of one group in a pod of several`,
      [
        ...base,
        {
          connectors: { groupsPerPod: 50 },
          groups: { 7: { [key]: key === 'resources' ? { limits: { cpu: 2 } } : { a: 'b' } } },
        },
      ],
      `groups.7.${key}: with connectors.groupsPerPod 50`,
    ],
  ),
  ...['connectors', 'routers', 'gateways', 'console', 'nats'].map((part): [string, readonly Values[], string] => [
    `a label of ${part} by which pods are found`,
    [...base, { [part]: { podLabels: { 'app.kubernetes.io/component': 'mine' } } }],
    `${part}.podLabels: by app.kubernetes.io/component`,
  ]),
  [
    'a label of all pods by which they are found',
    [...base, { podDefaults: { labels: { 'app.kubernetes.io/name': 'mine' } } }],
    'podDefaults.labels: by app.kubernetes.io/name',
  ],
  [
    'a label of a group by which policies find its pod',
    [...base, { groups: { 7: { podLabels: { 'iec104mm2ss/group': '8' } } } }],
    'groups.7.podLabels: by iec104mm2ss/group',
  ],
  [
    'networks of masters for a load balancer that is none',
    [...base, gateways({ type: 'NodePort', loadBalancerSourceRanges: ['10.0.0.0/8'] })],
    'gateways.service.loadBalancerSourceRanges is for type LoadBalancer',
  ],
  [
    'a class of a load balancer that is none',
    [...base, gateways({ type: 'ClusterIP', loadBalancerClass: 'example.com/lb' })],
    'gateways.service.loadBalancerClass is for type LoadBalancer',
  ],
  [
    'a threshold of a group that is not there',
    [...base, { monitoring: { rules: { enabled: true, thresholds: { LinkSlow: { '99': 1 } } } } }],
    'thresholds.LinkSlow: there is no group 99',
  ],
  ...(
    [
      [9104, 'http.port'],
      [9105, 'http.healthPort'],
    ] as const
  ).map(([port, other]): [string, readonly Values[], string] => [
    `a console at the port of ${other}`,
    [...base, { console: { enabled: true, port } }],
    `console.port ${port} is that of ${other}`,
  ]),
  [
    'a server of NATS that is killed while it hands its clients over',
    [...base, { nats: { lameDuckSeconds: 90 } }],
    'terminationGracePeriodSeconds must be 15 above nats.lameDuckSeconds',
  ],
  ...['20Gi', '20GB', '11G'].map((size): [string, readonly Values[], string] => [
    `a store of ${size} on a smaller volume`,
    [...base, { nats: { maxFileStore: size, persistence: { size: '10Gi' } } }],
    `maxFileStore ${size} is more than a volume has`,
  ]),
  [
    'servers of a NATS that is not ours',
    [...base, { nats: { url: 'nats://nats.example:4222', replicas: 3 } }],
    'nats.replicas is the number of bundled servers',
  ],
];

describe.skipIf(!requireTool('helm'))('the chart takes', () => {
  it('what a file says of its groups, whatever their names and ids', () => {
    const name = 'A <b> & c \\ é 😀 {{ .Values }} $x #';
    const text = renderedText([groups(row(9, { 'sys name': name }), row(10), row(100), row(1000)), NO_USERS]);
    expect(text).toContain('mm2ss-connector-1000');
  });
});

describe.skipIf(!requireTool('helm'))('the chart refuses before anything is installed', () => {
  it.each(CASES)('%s', (_what, values, message) => {
    expect(refusal(values)).toContain(message);
  });

  it('in the words of the command that is to be run instead, with this release and namespace', () => {
    expect(refusal([NO_USERS, { csv: csvOf([row(7)]) }], { release: 'north' })).toContain(
      'helm upgrade --install north',
    );
  });
});

describe.skipIf(!requireTool('helm'))('a chart that was written from a file', () => {
  it('refuses the values of another one, which helm --reuse-values takes', () => {
    const chart = mkdtempSync(path.join(tmpdir(), 'written-'));
    onTestFinished(() => rmSync(chart, { recursive: true }));
    cpSync(CHART, chart, { recursive: true });
    const [before, now] = [groups(row(7)), groups(row(7), row(8))];
    writeFileSync(path.join(chart, 'files', 'csv-digest'), `${String(now['csvDigest'])}\n`);
    expect(refusal([before, NO_USERS], { chart })).toContain('use --reset-then-reuse-values');
    expect(renderedText([now, NO_USERS], { chart })).toContain('mm2ss-connector-8');
  });
});
