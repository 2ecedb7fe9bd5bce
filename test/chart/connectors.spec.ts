import { describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import type { Values } from './helm.ts';
import type { Manifest } from './manifests.ts';
import { environment, main, render, type Rendering } from './render.ts';
import { groups, NO_USERS, row, type Row, USERS } from './values.ts';

const PACKED: Values = { connectors: { groupsPerPod: 50 } };
const connectors = (all: Rendering): Manifest[] =>
  all.of('Deployment').filter(({ metadata }) => metadata.name.includes('-connector-'));
const templates = (all: Rendering): Record<string, unknown> =>
  Object.fromEntries(connectors(all).map(({ metadata, spec }) => [metadata.name, spec?.template]));

describe.skipIf(!requireTool('helm'))('a connector', () => {
  it('is a Deployment for each group, which serves that group and can be found by it', () => {
    const all = render([groups(row(7), row(120)), NO_USERS]);
    expect(connectors(all).map(({ metadata }) => metadata.name)).toEqual(['mm2ss-connector-120', 'mm2ss-connector-7']);
    const { metadata, spec } = all.the('Deployment', 'mm2ss-connector-120');
    expect(metadata.annotations).toEqual({ 'iec104mm2ss/name': 'RTU-120' });
    expect(spec).toMatchObject({ replicas: 1, selector: { matchLabels: { 'iec104mm2ss/group': '120' } } });
    expect(main(all.pod('mm2ss-connector-120')).args).toEqual(['connector', '--group', '120']);
  });

  it('has another beside it before it ends: a lease decides who holds the RTU', () => {
    const { spec } = render([groups(row(7)), NO_USERS]).the('Deployment', 'mm2ss-connector-7');
    expect(spec?.strategy?.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
  });

  it('starts anew when its own row changes in a way that it cannot take, and for nothing else', () => {
    const before = templates(render([groups(row(7), row(8)), NO_USERS]));
    const after = (...all: Row[]): Record<string, unknown> => templates(render([groups(...all), NO_USERS]));
    const moved = after(row(7, { hosts: '10.9.0.99:2404' }), row(8));
    expect(moved['mm2ss-connector-7']).not.toEqual(before['mm2ss-connector-7']);
    expect(moved['mm2ss-connector-8']).toEqual(before['mm2ss-connector-8']);
    for (const live of [{ filter: '10.5.0.0/16' }, { 'sys name': 'other' }, { 'port no': 2500 }]) {
      expect(after(row(7, live), row(8))).toEqual(before);
    }
    expect(after(row(9), row(8), row(7))).toMatchObject(before);
  });

  it('takes a changed row while it runs where the values say so, as far as it can', () => {
    const off: Values = { connectors: { restartOnChange: false } };
    const before = templates(render([groups(row(7)), NO_USERS, off]));
    expect(templates(render([groups(row(7, { hosts: '10.9.0.99:2404' })), NO_USERS, off]))).toEqual(before);
  });

  it('has what the values say of its group alone', () => {
    const own = {
      resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } },
      nodeSelector: { substation: 'north' },
      tolerations: [{ key: 'edge', operator: 'Exists' }],
      podAnnotations: { 'k8s.v1.cni.cncf.io/networks': 'rtu-net' },
      podLabels: { egress: 'gateway-1' },
      extraEnv: [{ name: 'TZ', value: 'UTC' }],
    };
    const all = render([groups(), NO_USERS, { groups: { 7: own } }]);
    const pod = all.pod('mm2ss-connector-7');
    expect(pod.metadata).toMatchObject({ annotations: own.podAnnotations, labels: own.podLabels });
    expect(pod.spec).toMatchObject({ nodeSelector: own.nodeSelector });
    expect(pod.spec.tolerations).toContainEqual(own.tolerations[0]);
    expect(main(pod).resources).toEqual(own.resources);
    expect(environment(pod)).toMatchObject({ TZ: 'UTC' });
    expect(all.pod('mm2ss-connector-8')).toEqual(render([groups(), NO_USERS]).pod('mm2ss-connector-8'));
  });

  it('on the network of its node: the old one ends first, for its ports are taken, and they can be chosen', () => {
    const values = [
      groups(),
      NO_USERS,
      { networkPolicy: { enabled: false } },
      { groups: { 7: { hostNetwork: true, httpPort: 9204, healthPort: 9205 } } },
    ];
    const all = render(values);
    expect(all.pod('mm2ss-connector-7').spec).toMatchObject({
      hostNetwork: true,
      dnsPolicy: 'ClusterFirstWithHostNet',
    });
    expect(all.the('Deployment', 'mm2ss-connector-7').spec?.strategy?.rollingUpdate).toEqual({
      maxSurge: 0,
      maxUnavailable: 1,
    });
    expect(environment(all.pod('mm2ss-connector-7'))).toMatchObject({
      MM2SS_HTTP: '0.0.0.0:9204',
      MM2SS_HEALTH: '0.0.0.0:9205',
    });
    expect(main(all.pod('mm2ss-connector-7')).ports?.map(({ containerPort }) => containerPort)).toEqual([9204, 9205]);
    expect(all.pod('mm2ss-connector-8').spec.hostNetwork).toBeUndefined();
  });

  it('stands by twice where two are asked for', () => {
    const { spec } = render([groups(row(7)), NO_USERS, { connectors: { replicas: 2 } }]).the(
      'Deployment',
      'mm2ss-connector-7',
    );
    expect(spec?.replicas).toBe(2);
  });
});

describe.skipIf(!requireTool('helm'))('packed connectors', () => {
  it('serve ranges of ids which begin at multiples of their length', () => {
    const all = render([groups(row(0), row(49), row(50), row(137)), NO_USERS, PACKED]);
    expect(
      connectors(all)
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['0-49', '100-149', '50-99'].map((range) => `mm2ss-connector-${range}`));
    expect(main(all.pod('mm2ss-connector-100-149')).args).toEqual(['connector', '--group', '100-149']);
  });

  it('take ids of twelve digits', () => {
    const all = render([groups(row(7, { id: '123456789012' })), NO_USERS, PACKED], {
      release: 'a-control-centre-in-the-north',
    });
    expect(main([...all.pods()].find(([name]) => name.includes('connector'))?.[1] as never).args).toEqual([
      'connector',
      '--group',
      '123456789000-123456789049',
    ]);
    expect(connectors(all)[0]?.metadata.name.length).toBeLessThan(64);
  });

  it('do not start anew when a group of theirs is changed or added: they take it from the file', () => {
    const before = templates(render([groups(row(7), row(60)), NO_USERS, PACKED]));
    const after = templates(render([groups(row(7, { hosts: '10.9.0.99:2404' }), row(8), row(60)), NO_USERS, PACKED]));
    expect(after).toEqual(before);
  });

  it('have the key of the user for their range', () => {
    const all = render([groups(row(7)), USERS, PACKED]);
    expect(environment(all.pod('mm2ss-connector-0-49'))).toMatchObject({
      MM2SS_NATS_NKEY: '/etc/mm2ss-nats/connector-0-49.nk',
    });
  });
});
