/**
 * A real Prometheus, run here, finds the pods by the cluster's API and reads them under load: every query of the boards has data,
 * alerts fire by what goes wrong on a cluster, and clear after it. All alerts, one by one: `make e2e-observability`.
 */
import { fleetBoard, groupBoard } from '@iec104mm2ss/monitoring';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { Prometheus } from '../e2e-observability/prometheus.ts';
import type { Master } from '../e2e/stations.ts';
import { componentOf, kubectl, pods, READY_MS, settled, until } from './cluster.ts';
import { CLUSTER_FAULTS } from './cluster-faults.ts';
import { PLAIN, sharedScene } from './scene.ts';
import { missing, settings } from './settings.ts';

const program = missing === undefined ? requireTool('prometheus-kubernetes') : undefined;
const PARTS = ['connector', 'router', 'gateway'];
/** A volume of the kubelet's takes a minute to change. */
const FIRES_MS = 180_000;
const LOOK_MS = 500;
const EVENTS_PER_SECOND = 50;
const SOME_COMMANDS = 100;
const THRESHOLDS = { UndeliveredOld: { 111: 5, 222: 5 }, MasterLag: { 111: 5, 222: 5 } };

const fromLabel = (from: string, target: string) => ({ source_labels: [from], target_label: target });
/** As the PodMonitor of the chart has it. */
const discovery = {
  kubernetes_sd_configs: [
    { role: 'pod', kubeconfig_file: process.env['KUBECONFIG'], namespaces: { names: [settings.namespace] } },
  ],
  relabel_configs: [
    { source_labels: ['__meta_kubernetes_pod_phase'], regex: 'Running', action: 'keep' },
    { source_labels: ['__meta_kubernetes_pod_container_port_name'], regex: 'http', action: 'keep' },
    {
      source_labels: ['__meta_kubernetes_pod_label_app_kubernetes_io_component'],
      regex: PARTS.join('|'),
      action: 'keep',
    },
    fromLabel('__meta_kubernetes_pod_name', 'pod'),
    fromLabel('__meta_kubernetes_namespace', 'namespace'),
  ],
};

describe.skipIf(program === undefined)('a Prometheus that watches a release under load', () => {
  const sceneOf = sharedScene();
  let prometheus: Prometheus;

  beforeAll(async () => {
    prometheus = await Prometheus.start(program ?? '', THRESHOLDS, { discovery });
  });
  afterAll(() => prometheus?.stop());

  /** One master of the plain group gives commands all the time. */
  const commander = (): Master => {
    const { station } = sceneOf().field.group(PLAIN.id).masters[0] ?? {};
    if (station === undefined) throw new Error('the plain group has no master');
    return station;
  };

  const quiet = async (): Promise<void> => {
    await until('no alert is firing', async () => (await prometheus.faults()).length === 0, READY_MS).catch(
      async (error) => {
        throw new Error(`${error}\n${JSON.stringify(await prometheus.faults(), undefined, 1)}`);
      },
    );
  };

  const whole = (): Promise<number> => {
    const started = (): boolean => sceneOf().field.masters.every(({ station }) => station.simulator.started);
    return until('all masters are started', started, READY_MS);
  };

  it('finds and reads every pod, and has no alert firing', async () => {
    for (const { rtu } of sceneOf().field.groups.values()) rtu.startEvents(EVENTS_PER_SECOND);
    commander().startCommanding(5000, 500);
    const parts = (await pods()).filter((pod) => PARTS.includes(componentOf(pod)));
    expect(parts).toHaveLength(6);
    await until('every pod is read', async () => (await prometheus.ask('up == 1')).length === parts.length);
    expect((await prometheus.ask('mm2ss_rtu_up == 1')).map(({ metric }) => metric['group']).sort()).toEqual([
      '111',
      '222',
    ]);
    await quiet();
  });

  it('has no alert firing by the rules as they are while every pod is replaced', async () => {
    const patient = await Prometheus.start(program ?? '', {}, { discovery, rules: (shipped) => shipped });
    onTestFinished(() => patient.stop());
    // A second without a connector is nothing among the commands of ten minutes, and much among ten commands.
    const given = async (): Promise<number> =>
      Number((await patient.ask('sum(increase(mm2ss_commands_total[10m]))'))[0]?.value?.[1] ?? 0);
    await until('some commands are known', async () => (await given()) > SOME_COMMANDS, READY_MS);
    const seen = new Set<string>();
    const startedAt = Date.now();
    let over = false;
    const looking = (async () => {
      for (; !over; await delay(LOOK_MS)) {
        for (const { alertname = '', cause = '' } of await patient.faults()) seen.add(`${alertname} ${cause}`);
      }
    })();
    for (const component of PARTS) {
      await kubectl('rollout', 'restart', 'deployment', '-l', `app.kubernetes.io/component=${component}`);
      await settled();
    }
    await whole();
    over = true;
    await looking;
    if (seen.size > 0) {
      const since = `${Math.ceil((Date.now() - startedAt) / 1000)}s`;
      console.log(await sceneOf().release.asUser('watcher', 'audit', '--since', since, '--group', PLAIN.id));
    }
    expect([...seen]).toEqual([]);
    await quiet();
  });

  it.each(CLUSTER_FAULTS)('$title', async ({ alerts, cause, mend }) => {
    const scene = sceneOf();
    await cause(scene);
    try {
      for (const wanted of alerts)
        await until(`fires: ${JSON.stringify(wanted)}`, () => prometheus.isFiring(wanted), FIRES_MS);
    } finally {
      await mend(scene);
      await settled();
      await whole();
    }
    await quiet();
  });

  // Some show only what has happened: `make e2e-observability` makes all of it happen.
  it.each([fleetBoard(), groupBoard()])('has data for every query of the board $title', async (board) => {
    const empty = await prometheus.withoutData(board, PLAIN.id);
    expect(empty.filter((query) => !query.endsWith('> 0'))).toEqual([]);
  });

  it('has lost nothing meanwhile', async () => {
    const { field } = sceneOf();
    await commander().stopCommanding();
    for (const { rtu } of field.groups.values()) rtu.stopEvents();
    for (const { station } of field.masters) await station.hasAll(READY_MS);
  });
});
