import { describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import type { Values } from './helm.ts';
import type { Manifest, Rule } from './manifests.ts';
import { render, type Rendering } from './render.ts';
import { groups, NO_USERS, row } from './values.ts';

const base = [groups(row(7), row(8)), NO_USERS];
const policy = (more: Values): Values => ({ networkPolicy: more });
const block = (cidr: string): unknown => ({ ipBlock: { cidr } });
const egress = (all: Rendering, name: string): readonly Rule[] | undefined =>
  all.the('NetworkPolicy', name).spec?.egress;
const ingress = (all: Rendering, name: string): readonly Rule[] | undefined =>
  all.the('NetworkPolicy', name).spec?.ingress;
const tcp = (...ports: number[]): unknown => ports.map((port) => ({ port, protocol: 'TCP' }));

/** Rules that apply to a pod with these labels. */
function applied(all: Rendering, labels: Readonly<Record<string, string>>, direction: 'ingress' | 'egress'): Rule[] {
  const selects = ({ spec }: Manifest): boolean => {
    const { matchLabels = {}, matchExpressions = [] } = (spec?.podSelector ?? {}) as {
      matchLabels?: Record<string, string>;
      matchExpressions?: { key: string; values: string[] }[];
    };
    return (
      Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
      matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''))
    );
  };
  return all
    .of('NetworkPolicy')
    .filter(selects)
    .flatMap(({ spec }) => spec?.[direction] ?? []);
}
const podLabels = (part: string): Readonly<Record<string, string>> => ({
  'app.kubernetes.io/name': 'mm2ss',
  'app.kubernetes.io/instance': 'mm2ss',
  'app.kubernetes.io/component': part,
});

describe.skipIf(!requireTool('helm'))('NetworkPolicies', () => {
  it('let nothing pass but names for every pod of the release', () => {
    const { spec } = render(base).the('NetworkPolicy', 'mm2ss-all');
    expect(spec).toEqual({
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'mm2ss', 'app.kubernetes.io/instance': 'mm2ss' } },
      policyTypes: ['Ingress', 'Egress'],
      egress: [
        {
          ports: [
            { port: 53, protocol: 'UDP' },
            { port: 53, protocol: 'TCP' },
          ],
        },
      ],
    });
  });

  it('a connector reaches the hosts of its own RTU, NATS and DNS, and nobody reaches it', () => {
    const all = render([groups(row(7, { hosts: '10.9.0.7:2404;10.9.0.7:2405;10.9.1.7:2404' }), row(8)), NO_USERS]);
    expect(egress(all, 'mm2ss-connector-7')).toEqual([
      { ports: tcp(2404, 2405), to: [block('10.9.0.7/32')] },
      { ports: tcp(2404), to: [block('10.9.1.7/32')] },
    ]);
    const labels = { ...podLabels('connector'), 'iec104mm2ss/group': '8' };
    expect(applied(all, labels, 'egress').flatMap(({ to }) => to ?? ['anybody'])).toEqual([
      'anybody',
      block('10.9.0.8/32'),
      { podSelector: { matchLabels: podLabels('nats') } },
    ]);
    expect(applied(all, labels, 'ingress')).toEqual([]);
  });

  it('an RTU may have an IPv6 address, or a name, which may be anywhere', () => {
    const all = render([groups(row(7, { hosts: '[2001:db8::7]:2404' })), NO_USERS]);
    expect(egress(all, 'mm2ss-connector-7')).toEqual([{ ports: tcp(2404), to: [block('2001:db8::7/128')] }]);
    const named = render([groups(row(7, { hosts: 'rtu-7.plant:2404' })), NO_USERS]);
    expect(egress(named, 'mm2ss-connector-7')).toEqual([{ ports: tcp(2404) }]);
  });

  it('an address may have a zone, and IPv4 be written as IPv6: they are told as a policy can have them', () => {
    const odd = '[fe80::1%eth0]:2404;[::ffff:10.9.0.7]:2405';
    const all = render([groups(row(7, { hosts: odd })), NO_USERS, { syslog: { url: 'udp://[::FFFF:10.8.0.1]:515' } }]);
    expect(egress(all, 'mm2ss-connector-7')).toEqual([
      { ports: tcp(2405), to: [block('10.9.0.7/32')] },
      { ports: tcp(2404), to: [block('fe80::1/128')] },
    ]);
    expect(egress(all, 'mm2ss-all')).toContainEqual({
      ports: [{ port: 515, protocol: 'UDP' }],
      to: [block('10.8.0.1/32')],
    });
  });

  it('packed connectors reach the RTUs of their range', () => {
    const all = render([groups(row(7), row(8), row(60)), NO_USERS, { connectors: { groupsPerPod: 50 } }]);
    expect(egress(all, 'mm2ss-connector-0-49')?.map(({ to }) => to)).toEqual([
      [block('10.9.0.7/32')],
      [block('10.9.0.8/32')],
    ]);
    expect(all.the('NetworkPolicy', 'mm2ss-connector-50-99').spec?.podSelector?.matchLabels).toMatchObject({
      'iec104mm2ss/group': '50-99',
    });
  });

  it('masters reach the ports of their group from where its filter says; without one, everybody does', () => {
    const all = render([
      groups(
        row(7, { filter: '10.1.1.5;10.2.0.0/16' }),
        row(8, { filter: '', 'tls port': 19_998, plain: 'Y', 'tls names': 'cn:a' }),
      ),
      NO_USERS,
      { tls: { existingSecret: 'tls' } },
    ]);
    expect(ingress(all, 'mm2ss-masters')).toEqual([
      { ports: tcp(10_007), from: [block('10.1.1.5/32'), block('10.2.0.0/16')] },
      { ports: tcp(10_008, 19_998) },
    ]);
  });

  it('behind load balancers that say who connects, these reach the ports', () => {
    const all = render([groups(row(7, { proxy: '10.8.0.0/24' })), NO_USERS]);
    expect(ingress(all, 'mm2ss-masters')).toEqual([{ ports: tcp(10_007), from: [block('10.8.0.0/24')] }]);
  });

  it('leave the filter to the gateways where the addresses of masters are not to be had', () => {
    const all = render([
      ...base,
      policy({ masters: 'any' }),
      { gateways: { service: { externalTrafficPolicy: 'Cluster' } } },
    ]);
    expect(ingress(all, 'mm2ss-masters')).toEqual([{ ports: tcp(10_007) }, { ports: tcp(10_008) }]);
  });

  it('NATS is reached by our parts, its other servers, and whom the values name', () => {
    const all = render([...base, { nats: { replicas: 3 } }, policy({ natsFrom: [block('10.50.0.0/24')] })]);
    const rules = applied(all, podLabels('nats'), 'ingress');
    expect(rules).toEqual([
      {
        from: [
          {
            podSelector: expect.objectContaining({
              matchExpressions: [
                expect.objectContaining({ values: ['connector', 'router', 'gateway', 'console', 'setup'] }),
              ],
            }),
          },
          block('10.50.0.0/24'),
        ],
        ports: tcp(4222, 8222),
      },
      { from: [{ podSelector: { matchLabels: podLabels('nats') } }], ports: tcp(6222) },
    ]);
    expect(applied(all, podLabels('nats'), 'egress').slice(1)).toEqual([
      { to: [{ podSelector: { matchLabels: podLabels('nats') } }], ports: tcp(6222) },
    ]);
  });

  it("a NATS of one's own is reached at its ports, anywhere or where the values say", () => {
    const external = { nats: { url: 'nats://a.example:4222,nats://b.example:4333', monitor: 'http://a.example:8333' } };
    expect(egress(render([...base, external]), 'mm2ss-to-nats')).toEqual([{ ports: tcp(4222, 4333, 8333) }]);
    const named = render([...base, external, policy({ natsTo: [block('10.20.0.0/24')] })]);
    expect(egress(named, 'mm2ss-to-nats')).toEqual([{ ports: tcp(4222, 4333, 8333), to: [block('10.20.0.0/24')] }]);
    expect(named.find('NetworkPolicy', 'mm2ss-nats')).toBeUndefined();
  });

  it('the status is asked by helm test, metrics by whom the values name', () => {
    expect(applied(render(base), podLabels('router'), 'ingress')).toEqual([
      { from: [{ podSelector: { matchLabels: podLabels('test') } }], ports: tcp(9104) },
    ]);
    const prometheus = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } };
    const all = render([...base, policy({ monitoringFrom: [prometheus] })]);
    for (const part of ['connector', 'router', 'gateway']) {
      expect(applied(all, podLabels(part), 'ingress'), part).toContainEqual({ from: [prometheus], ports: tcp(9104) });
    }
    expect(applied(all, podLabels('test'), 'egress').slice(1)).toEqual([
      { to: [{ podSelector: { matchLabels: podLabels('router') } }], ports: tcp(9104) },
    ]);
  });

  it('a SIEM is reached at its address, or at its port where it has a name', () => {
    const rule = (url: string): unknown => egress(render([...base, { syslog: { url } }]), 'mm2ss-all')?.[1];
    expect(rule('tls://10.30.0.1')).toEqual({ ports: tcp(6514), to: [block('10.30.0.1/32')] });
    expect(rule('tcp://siem.example:1514')).toEqual({ ports: tcp(1514) });
    expect(rule('udp://[2001:db8::1]:514')).toEqual({
      ports: [{ port: 514, protocol: 'UDP' }],
      to: [block('2001:db8::1/128')],
    });
  });

  it('DNS and whatever else the values name are in them', () => {
    const dns = { namespaceSelector: {} };
    const rules = {
      dnsTo: [dns],
      extraEgress: [{ to: [block('10.60.0.0/24')] }],
      extraIngress: [{ from: [block('10.61.0.0/24')] }],
    };
    const all = render([...base, policy(rules)]);
    expect(egress(all, 'mm2ss-all')).toEqual([expect.objectContaining({ to: [dns] }), { to: [block('10.60.0.0/24')] }]);
    expect(ingress(all, 'mm2ss-all')).toEqual([{ from: [block('10.61.0.0/24')] }]);
  });

  it('can be left out', () => {
    expect(render([...base, policy({ enabled: false })]).of('NetworkPolicy')).toEqual([]);
  });

  it('do not reach gateways on the network of their nodes, so there is none for masters', () => {
    const all = render([
      ...base,
      { gateways: { service: { type: 'HostPorts' } } },
      policy({ natsFrom: [block('10.0.0.0/24')] }),
    ]);
    expect(all.find('NetworkPolicy', 'mm2ss-masters')).toBeUndefined();
  });
});
