import { describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import type { Pod } from './manifests.ts';
import { environment, main, render, Rendering } from './render.ts';
import { SCENARIOS } from './scenarios.ts';
import { groups, NO_USERS, row, USERS } from './values.ts';

const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const { minimal = [] } = SCENARIOS;

const everywhere = (): [string, Pod][] =>
  Object.entries(SCENARIOS).flatMap(([scenario, values]) =>
    [...render(values).pods()].map(([name, pod]): [string, Pod] => [`${scenario}: ${name}`, pod]),
  );

describe.skipIf(!requireTool('helm'))('every pod', () => {
  it('passes the restricted level of pod security', () => {
    for (const [name, { spec }] of everywhere()) {
      expect(spec, name).toMatchObject({
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(spec.hostNetwork ?? false, name).toBe(false);
      for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
        expect(container['securityContext'], `${name} ${container.name}`).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.ports?.filter((port) => 'hostPort' in port) ?? [], name).toEqual([]);
      }
      const kinds = spec.volumes?.flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name')) ?? [];
      expect(
        kinds.filter((kind) => !['configMap', 'emptyDir', 'projected', 'secret'].includes(kind)),
        name,
      ).toEqual([]);
    }
  });

  it('has no token of the API server, and no variables for every Service of the namespace', () => {
    for (const [name, { spec }] of everywhere()) {
      expect(spec, name).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    }
    expect(render(minimal).the('ServiceAccount', 'mm2ss')).toMatchObject({ automountServiceAccountToken: false });
  });

  it('does not name the version of the chart or the program in its labels: an upgrade would start it anew for nothing', () => {
    for (const [name, { metadata }] of everywhere().filter(([key]) => !key.includes(': Pod/'))) {
      expect(Object.keys(metadata.labels), name).not.toContain('helm.sh/chart');
      expect(Object.keys(metadata.labels), name).not.toContain('app.kubernetes.io/version');
    }
  });

  it('says what it needs of CPU and memory, and no bound on CPU: a throttled process acknowledges too late', () => {
    for (const [name, { spec }] of everywhere()) {
      for (const { resources } of spec.containers) {
        expect(Object.keys(resources?.requests ?? {}).sort(), name).toEqual(['cpu', 'memory']);
        expect(Object.keys(resources?.limits ?? {}), name).toEqual(['memory']);
      }
    }
  });

  it('is asked over HTTP whether it is well, never at a port for masters', () => {
    const ours = everywhere().filter(([name]) => /connector|router|gateway|StatefulSet/.test(name));
    expect(ours.length).toBeGreaterThan(10);
    for (const [name, pod] of ours) {
      const container = main(pod);
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
        expect(container[probe], `${name} ${probe}`).toMatchObject({
          httpGet: { port: expect.stringMatching(/health|monitor/) },
        });
      }
    }
  });

  it('mounts what it has, and has what it mounts', () => {
    for (const [name, { spec }] of everywhere()) {
      const volumes = spec.volumes?.map((volume) => volume.name) ?? [];
      const mounted = [...spec.containers, ...(spec.initContainers ?? [])].flatMap(
        ({ volumeMounts = [] }) => volumeMounts,
      );
      const claimed = name.includes('StatefulSet') ? ['data'] : [];
      expect([...new Set(mounted.map((mount) => mount.name))].sort(), name).toEqual([...volumes, ...claimed].sort());
      expect(
        mounted.filter((mount) => 'subPath' in mount),
        name,
      ).toEqual([]);
    }
  });

  it('has labels, names and selectors that Kubernetes takes', () => {
    for (const values of Object.values(SCENARIOS)) {
      for (const { kind, metadata, spec } of render(values).objects) {
        expect(metadata.name).toMatch(DNS_LABEL);
        for (const value of Object.values(metadata.labels ?? {})) expect(value, metadata.name).toMatch(LABEL_VALUE);
        if (!['Deployment', 'StatefulSet'].includes(kind)) continue;
        expect(spec?.template?.metadata.labels, metadata.name).toMatchObject(spec?.selector?.matchLabels ?? {});
      }
    }
  });
});

describe.skipIf(!requireTool('helm'))('values for all pods', () => {
  const base = [groups(row(7)), USERS];
  const pods = (more: object): ReadonlyMap<string, Pod> =>
    new Rendering(render([...base, more as never]).objects).pods();
  const parts = ['connector-7', 'router', 'gateway', 'nats'].map((name) => `mm2ss-${name}`);

  it('reach them, those of a part go before them', () => {
    const all = render([
      ...base,
      {
        podDefaults: {
          labels: { plant: 'north' },
          annotations: { team: 'scada' },
          nodeSelector: { zone: 'a', disk: 'ssd' },
          priorityClassName: 'important',
          tolerations: [{ key: 'control', operator: 'Exists' }],
          dnsConfig: { options: [{ name: 'ndots', value: '1' }] },
        },
        routers: { nodeSelector: { zone: 'b' }, priorityClassName: 'very-important' },
      },
    ]);
    for (const name of parts) {
      const { metadata, spec } = all.pod(name);
      expect(metadata.labels).toMatchObject({ plant: 'north' });
      expect(metadata.annotations).toMatchObject({ team: 'scada' });
      expect(spec).toMatchObject({
        nodeSelector: { zone: name === 'mm2ss-router' ? 'b' : 'a', disk: 'ssd' },
        priorityClassName: name === 'mm2ss-router' ? 'very-important' : 'important',
        dnsConfig: { options: [{ name: 'ndots', value: '1' }] },
      });
      expect(spec.tolerations).toContainEqual({ key: 'control', operator: 'Exists' });
    }
  });

  it('extra environment, volumes, containers and arguments come to the part', () => {
    const extra = {
      extraEnv: [{ name: 'TZ', value: 'UTC' }],
      extraVolumes: [{ name: 'scratch', emptyDir: {} }],
      extraVolumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
      extraContainers: [{ name: 'beside', image: 'beside:1' }],
      extraInitContainers: [{ name: 'before', image: 'before:1' }],
      extraArgs: ['--log-level', 'debug'],
    };
    for (const [part, name] of [
      ['connectors', 'connector-7'],
      ['routers', 'router'],
      ['gateways', 'gateway'],
    ] as const) {
      const pod = render([...base, { [part]: extra }]).pod(`mm2ss-${name}`);
      expect(environment(pod)).toMatchObject({ TZ: 'UTC' });
      expect(main(pod).args?.slice(-2)).toEqual(['--log-level', 'debug']);
      expect(main(pod).volumeMounts).toContainEqual({ name: 'scratch', mountPath: '/scratch' });
      expect(pod.spec.volumes).toContainEqual({ name: 'scratch', emptyDir: {} });
      expect(pod.spec.containers.map((container) => container.name)).toContain('beside');
      expect(pod.spec.initContainers?.map((container) => container.name)).toEqual(['before']);
    }
  });

  it('images come from the global registry, or from their own, by tag or by digest', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const images = (more: object): string[] =>
      [...pods(more).values()].flatMap(({ spec }) => spec.containers.map(({ image }) => image));
    expect(new Set(images({}))).toEqual(new Set(['iec104mm2ss:0.1.0', 'nats:2.15']));
    expect(new Set(images({ global: { imageRegistry: 'r.example:5000/' } }))).toEqual(
      new Set(['r.example:5000/iec104mm2ss:0.1.0', 'r.example:5000/nats:2.15']),
    );
    expect(
      new Set(
        images({
          global: { imageRegistry: 'r.example' },
          image: { registry: 'own.example', digest },
          nats: { image: { tag: '2.16' } },
        }),
      ),
    ).toEqual(new Set([`own.example/iec104mm2ss@${digest}`, 'r.example/nats:2.16']));
  });

  it('images are pulled with the global secrets and their own, named either way', () => {
    const more = { global: { imagePullSecrets: ['a', { name: 'b' }] }, image: { pullSecrets: ['c'] } };
    for (const [name, { spec }] of pods(more)) {
      expect(spec['imagePullSecrets'], name).toEqual([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    }
  });

  it('processes are told the settings, and where a secret has them, only its file', () => {
    const all = render([
      ...base,
      {
        settings: { logLevel: 'debug', holdSeconds: 20, limits: { connects: 100, 'start-seconds': 30 } },
        http: { tokenSecret: 'http-token', extraHosts: ['scada.example'] },
        syslog: { url: 'tls://10.30.0.1', tlsSecret: 'siem', clientCertificate: true },
      },
    ]);
    for (const name of parts.slice(0, 3)) {
      expect(environment(all.pod(name)), name).toMatchObject({
        MM2SS_LOG_LEVEL: 'debug',
        MM2SS_HOLD_SECONDS: '20',
        MM2SS_LIMITS: 'connects=100,start-seconds=30',
        MM2SS_HTTP_TOKEN: '/etc/mm2ss-http/token',
        MM2SS_HTTP_HOST: 'mm2ss-status,mm2ss-status.scada,mm2ss-status.scada.svc,scada.example',
        MM2SS_SYSLOG: 'tls://10.30.0.1',
        MM2SS_SYSLOG_CA: '/etc/mm2ss-syslog/ca.crt',
        MM2SS_SYSLOG_CERT: '/etc/mm2ss-syslog/tls.crt',
      });
    }
  });

  it('dual stack: Services of both families, and everything listens for both', () => {
    const all = render([...base, { service: { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] } }]);
    for (const { spec } of all.of('Service')) {
      expect(spec).toMatchObject({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] });
    }
    expect(environment(all.pod('mm2ss-router'))).toMatchObject({ MM2SS_HTTP: '[::]:9104', MM2SS_HEALTH: '[::]:9105' });
    expect(all.the('ConfigMap', 'mm2ss-nats').data?.['nats-server.conf']).toContain('listen: "[::]:4222"');
  });

  it('are moved away from a node that is gone after 30 s, and spread over zones and nodes', () => {
    const all = render(base);
    for (const name of parts.slice(0, 3)) {
      const { spec } = all.pod(name);
      const gone = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 };
      expect(spec.tolerations).toEqual([
        { key: 'node.kubernetes.io/unreachable', ...gone },
        { key: 'node.kubernetes.io/not-ready', ...gone },
      ]);
    }
    for (const name of parts) {
      const { spec } = all.pod(name);
      // A second constraint would be of no effect, and undo the first one, on nodes that are in no zone.
      expect(spec['topologySpreadConstraints'], name).toMatchObject([
        { maxSkew: 1, topologyKey: 'kubernetes.io/hostname' },
      ]);
      expect(JSON.stringify(spec['affinity']), name).toContain('"topologyKey":"topology.kubernetes.io/zone"');
    }
  });

  it('take an affinity and constraints of the values in the place of their own', () => {
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] } } };
    const own = [{ maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }];
    const all = render([...base, { podDefaults: { affinity }, routers: { topologySpreadConstraints: own } }]);
    for (const name of parts) expect(all.pod(name).spec['affinity'], name).toEqual(affinity);
    expect(all.pod('mm2ss-router').spec['topologySpreadConstraints']).toEqual(own);
  });

  it('wait for NATS for as long as it takes, and are not started anew meanwhile', () => {
    for (const name of parts.slice(0, 3)) {
      expect(main(render(base).pod(name))['startupProbe']).toMatchObject({ periodSeconds: 1, failureThreshold: 900 });
    }
  });

  it('a PodDisruptionBudget of each part lets one pod go at a time, or is left out', () => {
    const budgets = render(base).of('PodDisruptionBudget');
    expect(budgets.map(({ metadata }) => metadata.name).sort()).toEqual(
      ['connector', 'gateway', 'nats', 'router'].map((name) => `mm2ss-${name}`),
    );
    for (const { spec } of budgets) expect(spec?.['maxUnavailable']).toBe(1);
    const none = Object.fromEntries(
      ['connectors', 'routers', 'gateways', 'nats'].map((part) => [part, { podDisruptionBudget: { enabled: false } }]),
    );
    expect(render([...base, none]).of('PodDisruptionBudget')).toEqual([]);
  });

  it('further objects are installed, as they are or with templates in them', () => {
    const all = render([
      groups(row(7)),
      NO_USERS,
      {
        extraObjects: [
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { a: 'b' } },
          'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ include "mm2ss.fullname" . }}-two" }\ndata: { release: "{{ .Release.Name }}" }\n',
        ],
      },
    ]);
    expect(all.the('ConfigMap', 'one').data).toEqual({ a: 'b' });
    expect(all.the('ConfigMap', 'mm2ss-two').data).toEqual({ release: 'mm2ss' });
  });

  it('names begin with the release, are cut where a Service could not be called so, and stay apart', () => {
    const name = (release: string, more: object = {}): string | undefined =>
      render([...base, more as never], { release }).names('ServiceAccount')[0];
    expect(name('north')).toBe('north-mm2ss');
    expect(name('mm2ss-north')).toBe('mm2ss-north');
    expect(name('north', { fullnameOverride: 'plant' })).toBe('plant');
    const long = 'a-control-centre-in-the-north';
    expect(name(`${long}-1`)).toMatch(/^.{20,26}$/);
    expect(name(`${long}-1`)).not.toBe(name(`${long}-2`));
  });
});
