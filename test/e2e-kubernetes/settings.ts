/**
 * Which cluster, and how it is reached. Everything has a default but KUBECONFIG.
 *
 * | variable | meaning |
 * | --- | --- |
 * | `KUBECONFIG` | the cluster; without it nothing runs |
 * | `E2E_NAMESPACE` | made anew for each file of tests, default `mm2ss-e2e` |
 * | `E2E_IMAGE`, `E2E_NEXT_IMAGE` | the image, and another name of it for the rollout; default `iec104mm2ss:e2e`, `:e2e-next` |
 * | `E2E_NATS_IMAGE` | where the chart's own cannot be had |
 * | `E2E_HELM` | commands of Helm, separated by commas, default `helm`; the first one tells the long story |
 * | `E2E_RTU_ADDRESS` | of this machine, as pods see it |
 * | `E2E_MASTER_ADDRESSES` | of this machine, separated by commas: five at least, which the gateways see as they are |
 * | `E2E_NODES` | addresses at which NodePorts answer, default: the InternalIP of every node |
 * | `E2E_CUT`, `E2E_MEND` | commands that take the node `{node}` off the network and put it back |
 * | `E2E_HALF_CUT` | command that takes it off the cluster's network, and leaves it that of the RTUs |
 * | `E2E_WIPE` | command that empties the folder `{path}` of a local volume that nobody has any more |
 * | `E2E_VALUES` | file with further values for the chart |
 * | `E2E_FLEETS` | releases of many groups to try, `GROUPS/GROUPSPERPOD` separated by commas: `500/50,1000/50,500/1-` |
 * | `E2E_FLEET_USERS` | `no`: those have no users on NATS |
 */
import { existsSync } from 'node:fs';

const list = (value: string | undefined): string[] => (value ?? '').split(',').filter((item) => item !== '');
const { env } = process;

export const settings = {
  namespace: env['E2E_NAMESPACE'] ?? 'mm2ss-e2e',
  image: env['E2E_IMAGE'] ?? 'iec104mm2ss:e2e',
  nextImage: env['E2E_NEXT_IMAGE'] ?? 'iec104mm2ss:e2e-next',
  natsImage: env['E2E_NATS_IMAGE'],
  helms: list(env['E2E_HELM'] ?? 'helm'),
  rtuAddress: env['E2E_RTU_ADDRESS'] ?? '',
  masterAddresses: list(env['E2E_MASTER_ADDRESSES']),
  nodes: list(env['E2E_NODES']),
  cut: env['E2E_CUT'],
  halfCut: env['E2E_HALF_CUT'],
  mend: env['E2E_MEND'],
  wipe: env['E2E_WIPE'],
  values: env['E2E_VALUES'],
  fleets: list(env['E2E_FLEETS']),
  fleetUsers: env['E2E_FLEET_USERS'] !== 'no',
} as const;

/** Events a second of each RTU while something is done to the cluster. */
export const EVENTS_PER_SECOND = Number(env['E2E_RATE'] ?? 200);

const MASTERS = 5;

/** Why nothing can be tested here; undefined when it can. */
export const missing: string | undefined =
  env['KUBECONFIG'] === undefined || !existsSync(env['KUBECONFIG'])
    ? 'KUBECONFIG names no file'
    : settings.rtuAddress === ''
      ? 'E2E_RTU_ADDRESS is not set'
      : settings.masterAddresses.length < MASTERS
        ? `E2E_MASTER_ADDRESSES has fewer than ${MASTERS} addresses`
        : undefined;
if (missing !== undefined) process.stderr.write(`\n!!! SKIPPED: ${missing}; see test/e2e-kubernetes/settings.ts\n\n`);
