import { describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import type { Values } from './helm.ts';
import type { Manifest, ServicePort } from './manifests.ts';
import { environment, main, render, type Rendering } from './render.ts';
import { groups, NO_USERS, row } from './values.ts';

const base = [groups(row(7), row(8), row(120)), NO_USERS];
const service = (more: Values): Values => ({ gateways: { service: more } });
const services = (more: Values, ...values: Values[]): Manifest[] =>
  render([...base, service(more), ...values])
    .of('Service')
    .filter(({ metadata }) => metadata.name.includes('-gateway'));
const ports = (manifest: Manifest | undefined): string[] =>
  (manifest?.spec?.ports ?? []).map(({ name, port }: ServicePort) => `${name}:${port}`);
const template = (all: Rendering, name: string): unknown => all.the('Deployment', name).spec?.template;

describe.skipIf(!requireTool('helm'))('routers and gateways', () => {
  it.each(['router', 'gateway'])('%s: a number of pods is written as it is', (name) => {
    const { spec, metadata } = render([...base, { [`${name}s`]: { replicas: 4 } }]).the('Deployment', `mm2ss-${name}`);
    expect(spec?.replicas).toBe(4);
    // The mark by which a later release with null knows that the number must not be left out.
    expect(metadata.annotations).toEqual({ 'iec104mm2ss/replicas': 'in-manifest' });
  });

  it.each(['router', 'gateway'])('%s: null leaves the number to whoever scales them', (name) => {
    const { spec, metadata } = render([...base, { [`${name}s`]: { replicas: null } }]).the(
      'Deployment',
      `mm2ss-${name}`,
    );
    expect(spec).not.toHaveProperty('replicas');
    expect(metadata.annotations).toBeUndefined();
  });

  it.each(['router', 'gateway'])('%s: an autoscaler goes by CPU, and takes pods away slowly', (name) => {
    expect(render(base).of('HorizontalPodAutoscaler')).toEqual([]);
    const all = render([...base, { [`${name}s`]: { replicas: null, autoscaling: { enabled: true, maxReplicas: 9 } } }]);
    expect(all.the('HorizontalPodAutoscaler', `mm2ss-${name}`).spec).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name: `mm2ss-${name}` },
      minReplicas: 2,
      maxReplicas: 9,
      behavior: { scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] } },
    });
  });

  it('a new, changed or removed group starts none of them anew', () => {
    const before = render(base);
    const after = render([groups(row(7, { 'port no': 2500, hosts: '10.9.9.9:2404' }), row(9), row(120)), NO_USERS]);
    for (const name of ['mm2ss-router', 'mm2ss-gateway']) expect(template(after, name)).toEqual(template(before, name));
    expect(after.the('ConfigMap', 'mm2ss-groups').data).not.toEqual(before.the('ConfigMap', 'mm2ss-groups').data);
  });

  it('all new gateways are there before an old one ends, which serves for a while after it was taken out', () => {
    const all = render([...base, { gateways: { preStopSeconds: 8 } }]);
    expect(all.the('Deployment', 'mm2ss-gateway').spec).toMatchObject({
      minReadySeconds: 5,
      strategy: { rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 } },
    });
    const pod = all.pod('mm2ss-gateway');
    expect(pod.spec['terminationGracePeriodSeconds']).toBe(60);
    expect(main(pod)['lifecycle']).toEqual({ preStop: { sleep: { seconds: 8 } } });
    expect(environment(pod)).toMatchObject({ MM2SS_DRAIN_SECONDS: '15' });
    expect(all.the('Deployment', 'mm2ss-router').spec?.strategy?.rollingUpdate).toEqual({
      maxSurge: 1,
      maxUnavailable: 0,
    });
  });

  it('ports below 1024 can be opened where the values say so', () => {
    const all = render([groups(row(7, { 'port no': 104 })), NO_USERS, { gateways: { privilegedPorts: true } }]);
    expect(all.pod('mm2ss-gateway').spec['securityContext']).toMatchObject({
      sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
    });
  });
});

describe.skipIf(!requireTool('helm'))('the Service of the gateways', () => {
  it('is one with the ports of all groups, and keeps the addresses of masters', () => {
    const [shared, ...others] = services({});
    expect(others).toEqual([]);
    expect(shared?.metadata.name).toBe('mm2ss-gateway');
    expect(shared?.spec).toMatchObject({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    expect(ports(shared)).toEqual(['g120:10120', 'g7:10007', 'g8:10008']);
    expect(shared?.spec?.ports?.every((port) => port.targetPort === port.port)).toBe(true);
  });

  it('in chunks is one for each range of ids, so that a new group moves no other to another Service', () => {
    const chunks = services({ layout: 'chunks', chunkSize: 10 });
    expect(chunks.map(({ metadata }) => metadata.name).sort()).toEqual(['mm2ss-gateway-0-9', 'mm2ss-gateway-120-129']);
    const more = render([
      groups(row(5), row(7), row(8), row(120)),
      NO_USERS,
      service({ layout: 'chunks', chunkSize: 10 }),
    ]);
    expect(ports(more.the('Service', 'mm2ss-gateway-0-9'))).toEqual(['g5:10005', 'g7:10007', 'g8:10008']);
    expect(more.the('Service', 'mm2ss-gateway-120-129')).toEqual(
      chunks.find(({ metadata }) => metadata.name.endsWith('129')),
    );
  });

  it('per group has what the values say of the group', () => {
    const own = { serviceAnnotations: { 'lb/pool': 'north' }, loadBalancerIP: '10.40.0.7', nodePort: 30_007 };
    const all = services(
      { layout: 'perGroup', annotations: { 'lb/pool': 'any', team: 'scada' } },
      { groups: { 7: own } },
    );
    expect(all.map(({ metadata }) => metadata.name).sort()).toEqual([
      'mm2ss-gateway-120',
      'mm2ss-gateway-7',
      'mm2ss-gateway-8',
    ]);
    const seven = all.find(({ metadata }) => metadata.name === 'mm2ss-gateway-7');
    expect(seven?.metadata.annotations).toEqual({ 'lb/pool': 'north', team: 'scada' });
    expect(seven?.spec).toMatchObject({ loadBalancerIP: '10.40.0.7', ports: [{ name: 'g7', nodePort: 30_007 }] });
    expect(all.find(({ metadata }) => metadata.name === 'mm2ss-gateway-8')?.metadata.annotations).toEqual({
      'lb/pool': 'any',
      team: 'scada',
    });
  });

  it('has the ports for TLS as well, and no port that the file closes', () => {
    const tls = { 'tls names': 'cn:a' };
    const all = render([
      groups(row(7, { ...tls, 'tls port': 19_998 }), row(8, { ...tls, 'tls port': 19_999, plain: 'Y' })),
      NO_USERS,
      { tls: { existingSecret: 'tls' } },
    ]);
    expect(ports(all.the('Service', 'mm2ss-gateway'))).toEqual(['t7:19998', 'g8:10008', 't8:19999']);
  });

  it('takes node ports as the cluster gives them, or those of the file', () => {
    const node = (more: Values): (number | undefined)[] =>
      (services({ type: 'NodePort', ...more })[0]?.spec?.ports ?? []).map(({ nodePort }) => nodePort);
    expect(node({})).toEqual([undefined, undefined, undefined]);
    expect(node({ nodePorts: 'same' })).toEqual([10_120, 10_007, 10_008]);
  });

  it('within the cluster has no policy for traffic from outside', () => {
    const [shared] = services({ type: 'ClusterIP' });
    expect(shared?.spec).toMatchObject({ type: 'ClusterIP' });
    expect(shared?.spec).not.toHaveProperty('externalTrafficPolicy');
    expect(shared?.spec).not.toHaveProperty('allocateLoadBalancerNodePorts');
  });

  it('of a load balancer has what is said of it', () => {
    const [shared] = services({
      loadBalancerClass: 'metallb',
      loadBalancerIP: '10.40.0.1',
      loadBalancerSourceRanges: ['10.1.0.0/16'],
      allocateLoadBalancerNodePorts: false,
    });
    expect(shared?.spec).toMatchObject({
      loadBalancerClass: 'metallb',
      loadBalancerIP: '10.40.0.1',
      loadBalancerSourceRanges: ['10.1.0.0/16'],
      allocateLoadBalancerNodePorts: false,
    });
  });

  it('is not there with HostPorts: one gateway a node listens at the node', () => {
    const values = [...base, service({ type: 'HostPorts' }), { networkPolicy: { enabled: false } }];
    const all = render(values);
    expect(all.names('Service').filter((name) => name.includes('gateway'))).toEqual([]);
    expect(all.pod('mm2ss-gateway').spec).toMatchObject({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' });
    expect(all.the('Deployment', 'mm2ss-gateway').spec?.strategy?.rollingUpdate).toEqual({
      maxSurge: 0,
      maxUnavailable: 1,
    });
  });
});
