/** Who reaches whom, where the cluster enforces NetworkPolicies (E2E_POLICIES=yes says that it does). */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, kubectl, pods, settled } from './cluster.ts';
import { PLAIN, sharedScene, TLS } from './scene.ts';
import { missing, settings } from './settings.ts';

const enforced = process.env['E2E_POLICIES'] === 'yes';
if (!enforced) process.stderr.write('\n!!! SKIPPED: E2E_POLICIES is not yes: NetworkPolicies are not tested.\n\n');
const ATTEMPT_MS = 3_000;
const NATS_PORT = 4222;
const HTTP_PORT = 9104;
const STRANGER = 'stranger';

/** A pod of nobody, of the same image. */
const stranger = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: STRANGER },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: STRANGER,
        image: settings.image,
        command: ['node', '-e', 'setInterval(() => {}, 1e6)'],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
});

/** Whether a pod gets a connection. */
async function reaches(pod: string, host: string, port: number): Promise<boolean> {
  const script = `const s = require('net').connect(${port}, '${host}', () => { console.log('yes'); process.exit(); });
    s.on('error', () => process.exit()); s.setTimeout(${ATTEMPT_MS}, () => process.exit());`;
  // The server's own container has no Node.js; the one beside it shares its network.
  const container = pod.includes('-nats-') ? ['-c', 'reload'] : [];
  return (await kubectl('exec', pod, ...container, '--', 'node', '-e', script)).trim() === 'yes';
}

/** Whether one of this machine's addresses gets a connection. */
function outsideReaches(localAddress: string, host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, localAddress });
    const settle = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(ATTEMPT_MS, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('connect', () => settle(true));
  });
}

async function podOf(component: string, group?: string): Promise<{ name: string; ip: string }> {
  const all = await pods(component);
  const found = all.find(({ metadata }) => group === undefined || metadata.labels['iec104mm2ss/group'] === group);
  return { name: found?.metadata.name ?? '', ip: found?.status.podIP ?? '' };
}

describe.skipIf(missing !== undefined || !enforced)('NetworkPolicies', () => {
  const sceneOf = sharedScene();
  beforeAll(async () => {
    await apply(stranger);
    await settled();
  });
  afterAll(() => kubectl('delete', 'pod', STRANGER, '--ignore-not-found').catch(() => undefined));

  it('let parts reach NATS, and nobody else', async () => {
    const { ip } = await podOf('nats');
    for (const part of ['connector', 'router', 'gateway']) {
      expect(await reaches((await podOf(part)).name, ip, NATS_PORT), part).toBe(true);
    }
    expect(await reaches(STRANGER, ip, NATS_PORT), 'a stranger').toBe(false);
    expect(await outsideReaches(settings.rtuAddress, ip, NATS_PORT), 'from outside').toBe(false);
  });

  it('let a connector reach its own RTU, and no part any other', async () => {
    const { field } = sceneOf();
    const [own, other] = [PLAIN, TLS].map(({ id }) => field.group(id).rtu.address) as [Address, Address];
    const connector = (await podOf('connector', PLAIN.id)).name;
    expect(await reaches(connector, own.host, own.port)).toBe(true);
    expect(await reaches(connector, other.host, other.port)).toBe(false);
    for (const part of ['router', 'gateway', 'nats']) {
      expect(await reaches((await podOf(part)).name, own.host, own.port), part).toBe(false);
    }
  });

  it('let nobody read metrics or give orders who is not named', async () => {
    const { ip } = await podOf('router');
    expect(await reaches(STRANGER, ip, HTTP_PORT)).toBe(false);
    expect(await reaches((await podOf('gateway')).name, ip, HTTP_PORT)).toBe(false);
  });

  it("let masters reach their group's port from the addresses of its filter", async () => {
    const { nodes, field } = sceneOf();
    for (const node of nodes) {
      expect(await outsideReaches(field.address('A'), node, PLAIN.port), node).toBe(true);
      expect(await outsideReaches(settings.rtuAddress, node, PLAIN.port), node).toBe(false);
    }
  });
});

interface Address {
  readonly host: string;
  readonly port: number;
}
