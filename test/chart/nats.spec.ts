import { describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import type { Values } from './helm.ts';
import type { Manifest, Pod } from './manifests.ts';
import { environment, main, render, type Rendering } from './render.ts';
import { natsUsers } from './scenarios.ts';
import { groups, NO_USERS, row, USERS } from './values.ts';

const base = [groups(row(7), row(8)), USERS];
const nats = (more: Values): Values => ({ nats: more });
const config = (all: Rendering): string => all.the('ConfigMap', 'mm2ss-nats').data?.['nats-server.conf'] ?? '';
const setupJob = (...values: Values[]): Manifest | undefined => render([...base, ...values]).of('Job')[0];
const EXTERNAL: Values = { nats: { url: 'nats://a.example:4222,nats://b.example:4222', streamReplicas: 3 } };

/** Keys of secrets that a pod mounts. */
const secrets = (pod: Pod): string[] =>
  (pod.spec.volumes ?? [])
    .flatMap(({ projected }) => projected?.sources ?? [])
    .flatMap(({ secret }) => secret?.items?.map(({ key }) => `${secret.name}/${key}`) ?? []);

describe.skipIf(!requireTool('helm'))('the bundled NATS', () => {
  it('has written to disk what it confirms, on a volume of its own', () => {
    const all = render(base);
    expect(config(all)).toContain('sync_interval: always');
    expect(config(all)).toContain('store_dir: /data');
    const { spec } = all.the('StatefulSet', 'mm2ss-nats');
    expect(spec).toMatchObject({
      replicas: 1,
      volumeClaimTemplates: [
        { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Gi' } } } },
      ],
    });
    expect(main(all.pod('mm2ss-nats')).volumeMounts).toContainEqual({ name: 'data', mountPath: '/data' });
  });

  it('of three servers hands its clients to the others before it ends; one by itself ends at once', () => {
    const three = render([...base, nats({ replicas: 3 })]);
    expect(main(three.pod('mm2ss-nats'))['lifecycle']).toEqual({
      preStop: { exec: { command: ['nats-server', '--signal', 'ldm=/run/nats/nats.pid'] } },
    });
    expect(config(three)).toMatch(/lame_duck_duration: 30s/);
    expect(main(render(base).pod('mm2ss-nats'))).not.toHaveProperty('lifecycle');
  });

  it('of three servers is a cluster, in which everything has three copies', () => {
    const all = render([...base, nats({ replicas: 3 })]);
    for (const index of [0, 1, 2])
      expect(config(all)).toContain(`nats-route://mm2ss-nats-${index}.mm2ss-nats-headless:6222`);
    expect(all.the('StatefulSet', 'mm2ss-nats').spec).toMatchObject({ replicas: 3, podManagementPolicy: 'Parallel' });
    for (const name of ['connector-7', 'router', 'gateway']) {
      expect(environment(all.pod(`mm2ss-${name}`))).toMatchObject({
        MM2SS_NATS: 'nats://mm2ss-nats-0:4222,nats://mm2ss-nats-1:4222,nats://mm2ss-nats-2:4222',
        MM2SS_NATS_REPLICAS: '3',
      });
    }
    expect(environment(render(base).pod('mm2ss-router'))).not.toHaveProperty('MM2SS_NATS_REPLICAS');
  });

  it('is reached at an address of each server that stays when its pod is another one', () => {
    const all = render([...base, nats({ replicas: 3 })]);
    const { spec } = all.the('Service', 'mm2ss-nats-1');
    expect(spec).toMatchObject({
      type: 'ClusterIP',
      publishNotReadyAddresses: true,
      selector: { 'statefulset.kubernetes.io/pod-name': 'mm2ss-nats-1' },
    });
    expect(spec?.ports?.map(({ port }) => port)).toEqual([4222, 8222]);
    expect(all.the('Service', 'mm2ss-nats-headless').spec).toMatchObject({ clusterIP: 'None' });
  });

  it('is started anew when its own configuration changes, and reads changed users while it runs', () => {
    const checksum = (...values: Values[]): string | undefined =>
      render([...base, ...values]).pod('mm2ss-nats').metadata.annotations?.['checksum/config'];
    expect(render([...base, { natsUsers: natsUsers(['7', '8']) }]).pod('mm2ss-nats')).toEqual(
      render(base).pod('mm2ss-nats'),
    );
    expect(checksum(nats({ extraConfig: 'max_payload: 2MB' }))).not.toBe(checksum());
    const { spec } = render(base).pod('mm2ss-nats');
    const reload = spec.containers.find(({ name }) => name === 'reload');
    expect(spec['shareProcessNamespace']).toBe(true);
    expect(reload?.args).toEqual([
      'nats-reload',
      '--config=/etc/nats/nats-server.conf',
      '--pid-file=/run/nats/nats.pid',
      '--monitor=http://127.0.0.1:8222',
      '--users=/etc/nats-user-list/users.json',
      '--authorization=/etc/nats-users/authorization.conf',
    ]);
    // A signal reaches only processes of the same user.
    expect(spec.containers.every((container) => !('runAsUser' in (container['securityContext'] as object)))).toBe(true);
  });

  it('without users has nothing that it would have to read again', () => {
    const { spec } = render([groups(row(7)), NO_USERS]).pod('mm2ss-nats');
    expect(spec.containers.map(({ name }) => name)).toEqual(['nats']);
    expect(spec).not.toHaveProperty('shareProcessNamespace');
  });

  it('gets the users as a list, of which its own file is written before it starts', () => {
    const users = natsUsers(['7', '8']);
    const all = render([...base, { natsUsers: users }]);
    expect(all.the('ConfigMap', 'mm2ss-nats-users').data).toEqual({ 'users.json': users });
    const { initContainers, containers, volumes } = all.pod('mm2ss-nats').spec;
    expect(initContainers).toMatchObject([
      {
        args: ['nats-users', '/etc/nats-user-list/users.json', '--output=/etc/nats-users/authorization.conf'],
        volumeMounts: [{ mountPath: '/etc/nats-user-list', readOnly: true }, { mountPath: '/etc/nats-users' }],
      },
    ]);
    expect(volumes).toContainEqual({ name: 'users', emptyDir: { sizeLimit: '64Mi' } });
    expect(containers[0]?.volumeMounts).toContainEqual({
      name: 'users',
      mountPath: '/etc/nats-users',
      readOnly: true,
    });
    // Relative: nats-server begins each path beside the file that includes it.
    expect(config(all)).toContain('include "../nats-users/authorization.conf"');
  });

  it('is not started anew by a new image of ours where its containers keep theirs', () => {
    const images = (...values: Values[]): readonly string[] => {
      const { initContainers = [], containers } = render([...base, ...values]).pod('mm2ss-nats').spec;
      return [...initContainers, ...containers].filter(({ name }) => name !== 'nats').map(({ image }) => image);
    };
    const digest = `sha256:${'a'.repeat(64)}`;
    const release: Values = { image: { registry: 'r.example', digest } };
    expect(images(release)).toEqual([`r.example/iec104mm2ss@${digest}`, `r.example/iec104mm2ss@${digest}`]);
    const pinned = nats({ reloadImage: { tag: '0.1.0' } });
    expect(images(release, pinned)).toEqual(['r.example/iec104mm2ss:0.1.0', 'r.example/iec104mm2ss:0.1.0']);
    const pod = (tag: string): unknown => render([...base, pinned, { image: { tag } }]).pod('mm2ss-nats');
    expect(pod('0.3.0')).toEqual(pod('0.2.0'));
    expect(images(nats({ reloadImage: { registry: 'x', repository: 'y', digest } }))).toEqual([
      `x/y@${digest}`,
      `x/y@${digest}`,
    ]);
  });

  it('speaks TLS where it has a certificate, also to the other servers', () => {
    const all = render([...base, nats({ replicas: 3, tls: { existingSecret: 'nats-tls' } })]);
    expect(config(all).match(/cert_file: \/etc\/nats-tls\/tls\.crt/g)).toHaveLength(2);
    expect(environment(all.pod('mm2ss-router'))).toMatchObject({
      MM2SS_NATS: expect.stringMatching(/^tls:\/\/mm2ss-nats-0:4222,/),
      MM2SS_NATS_CA: '/etc/mm2ss-nats/ca.crt',
    });
    expect(secrets(all.pod('mm2ss-router'))).toEqual(['nats-keys/router.nk', 'nats-tls/ca.crt']);
    expect(all.pod('mm2ss-nats').spec.containers.find(({ name }) => name === 'reload')?.args).toContain(
      '--watch=/etc/nats-tls/tls.crt',
    );
  });

  it('keeps its volumes when the release goes, or not', () => {
    const policy = (...values: Values[]): unknown =>
      render([...base, ...values]).the('StatefulSet', 'mm2ss-nats').spec?.['persistentVolumeClaimRetentionPolicy'];
    expect(policy()).toEqual({ whenDeleted: 'Retain', whenScaled: 'Retain' });
    expect(policy(nats({ persistence: { whenDeleted: 'Delete' } }))).toEqual({
      whenDeleted: 'Delete',
      whenScaled: 'Retain',
    });
  });
});

describe.skipIf(!requireTool('helm'))('the keys of NATS users', () => {
  it("come to each pod alone: its own and nobody else's", () => {
    const all = render(base);
    for (const name of ['connector-7', 'connector-8', 'router', 'gateway']) {
      const pod = all.pod(`mm2ss-${name}`);
      expect(secrets(pod)).toEqual([`nats-keys/${name}.nk`]);
      expect(environment(pod)).toMatchObject({ MM2SS_NATS_NKEY: `/etc/mm2ss-nats/${name}.nk` });
    }
    expect(secrets(all.pod('mm2ss-nats'))).toEqual([]);
    expect(secrets([...all.pods()].find(([name]) => name.startsWith('Job/'))?.[1] as Pod)).toEqual([
      'nats-keys/setup.nk',
    ]);
  });

  it('are not mounted where there are no users', () => {
    const all = render([groups(row(7)), NO_USERS]);
    for (const [name, pod] of all.pods()) expect(secrets(pod), name).toEqual([]);
    expect(environment(all.pod('mm2ss-router'))).not.toHaveProperty('MM2SS_NATS_NKEY');
  });
});

describe.skipIf(!requireTool('helm'))('the setup of NATS', () => {
  it('is a Job and no hook: what waits for the parts would wait for it', () => {
    const job = setupJob();
    expect(job?.metadata.annotations).toBeUndefined();
    expect(job?.spec).toMatchObject({
      template: { spec: { restartPolicy: 'OnFailure', containers: [{ args: ['nats-setup'] }] } },
    });
  });

  it('has another name when it has something else to do, for a Job cannot be changed', () => {
    const name = setupJob()?.metadata.name;
    const others = [
      setupJob(groups(row(7), row(8), row(9))),
      setupJob(groups(row(7, { buffsize: 2000 }), row(8))),
      setupJob(nats({ replicas: 3 })),
      setupJob({ image: { tag: '0.2.0' } }),
      setupJob(nats({ setup: { run: 'again' } })),
    ].map((job) => job?.metadata.name);
    expect(new Set([name, ...others]).size).toBe(6);
    expect(setupJob(USERS)?.metadata.name).toBe(name);
    expect(setupJob({ gateways: { replicas: 5 } })?.metadata.name).toBe(name);
  });

  it('is not needed without users: there the parts create what they store', () => {
    expect(render([groups(row(7)), NO_USERS]).of('Job')).toEqual([]);
    expect(setupJob(nats({ setup: { enabled: false } }))).toBeUndefined();
  });
});

describe.skipIf(!requireTool('helm'))("a NATS of one's own", () => {
  it('takes the place of the bundled one', () => {
    const all = render([...base, EXTERNAL]);
    expect(all.of('StatefulSet')).toEqual([]);
    expect(all.names('Service')).toEqual(['mm2ss-gateway', 'mm2ss-status']);
    expect(environment(all.pod('mm2ss-router'))).toMatchObject({
      MM2SS_NATS: 'nats://a.example:4222,nats://b.example:4222',
      MM2SS_NATS_REPLICAS: '3',
      MM2SS_NATS_NKEY: '/etc/mm2ss-nats/router.nk',
    });
  });

  it('may have its URL in a secret, and its users in a credentials file or certificates', () => {
    const secret = render([groups(row(7)), NO_USERS, nats({ urlSecret: { name: 'bus', key: 'url' } })]).pod(
      'mm2ss-router',
    );
    expect(main(secret).env).toContainEqual({
      name: 'MM2SS_NATS',
      valueFrom: { secretKeyRef: { name: 'bus', key: 'url' } },
    });
    const creds = render([groups(row(7)), nats({ url: 'nats://a:4222', credsSecret: 'creds' })]).pod('mm2ss-router');
    expect(environment(creds)).toMatchObject({ MM2SS_NATS_CREDS: '/etc/mm2ss-nats/nats.creds' });
    expect(secrets(creds)).toEqual(['creds/nats.creds']);
    const certificates = render([
      groups(row(7)),
      NO_USERS,
      nats({ url: 'tls://a:4222', monitor: 'http://a:8222', tls: { existingSecret: 'ca', clientSecret: 'client' } }),
    ]).pod('mm2ss-router');
    expect(environment(certificates)).toMatchObject({
      MM2SS_NATS_CERT: '/etc/mm2ss-nats/tls.crt',
      MM2SS_NATS_MONITOR: 'http://a:8222',
    });
    expect(secrets(certificates)).toEqual(['ca/ca.crt', 'client/tls.crt', 'client/tls.key']);
  });
});
