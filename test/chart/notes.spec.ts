import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { CHART, manifestsOf, renderedText, type Values } from './helm.ts';
import { SCENARIOS } from './scenarios.ts';
import { groups, NO_USERS, row, USERS } from './values.ts';

/** A copy of the chart which gives its notes as an object: `helm template` has no other way to show them. */
let chart: string;
beforeAll(() => {
  chart = mkdtempSync(path.join(tmpdir(), 'notes-'));
  cpSync(CHART, chart, { recursive: true });
  writeFileSync(path.join(chart, 'notes.txt'), readFileSync(path.join(CHART, 'templates', 'NOTES.txt')));
  const probe =
    'apiVersion: v1\nkind: Notes\nmetadata: { name: notes }\ntext: {{ tpl (.Files.Get "notes.txt") . | toJson }}\n';
  writeFileSync(path.join(chart, 'templates', 'probe.yaml'), probe);
});
afterAll(() => rmSync(chart, { recursive: true }));

function notes(...values: Values[]): string {
  const found = manifestsOf(renderedText(values, { chart })).find(({ kind }) => kind === 'Notes');
  return String(found?.['text']);
}
const base = [groups(row(7), row(8)), NO_USERS];

describe.skipIf(!requireTool('helm'))('the notes', () => {
  it('name the groups and the commands that show how they are', () => {
    const text = notes(...base);
    expect(text).toMatch(/^\n?2 groups: 7, 8$/m);
    for (const command of [
      'kubectl -n scada get pods -l app.kubernetes.io/instance=mm2ss',
      'kubectl -n scada exec deploy/mm2ss-router -- mm2ss status --http 127.0.0.1:9104',
      'helm test mm2ss -n scada --logs',
      'kubectl -n scada logs -l iec104mm2ss/group=7 --tail=-1',
      'kubectl -n scada get service mm2ss-gateway -o jsonpath',
    ]) {
      expect(text).toContain(command);
    }
  });

  it('tell rows that are not loaded', () => {
    const text = notes(...base, { skipped: [{ row: 5, reason: 'hosts: the cell is empty' }] });
    expect(text).toContain('Row 5 of the file is NOT loaded: hosts: the cell is empty');
  });

  it.each<[string, Values, string]>([
    ['chunks', { gateways: { service: { layout: 'chunks' } } }, 'get service mm2ss-gateway-0-49'],
    ['a Service per group', { gateways: { service: { layout: 'perGroup' } } }, 'get service mm2ss-gateway-7'],
    ['node ports', { gateways: { service: { type: 'NodePort' } } }, 'nodes with a gateway'],
    [
      'a Service within the cluster',
      { gateways: { service: { type: 'ClusterIP' } } },
      'mm2ss-gateway.scada.svc, from within',
    ],
    [
      'gateways on their nodes',
      { gateways: { service: { type: 'HostPorts' } }, networkPolicy: { enabled: false } },
      'privileged level',
    ],
    ['packed connectors', { connectors: { groupsPerPod: 50 } }, 'iec104mm2ss/group=0-49'],
    [
      'a connector on its node',
      { groups: { 7: { hostNetwork: true } }, networkPolicy: { enabled: false } },
      'Group 7: its connector is on the network',
    ],
    ['no users of NATS', {}, 'WARNING: NATS asks nobody who is there'],
    ['no policies', { networkPolicy: { enabled: false } }, 'WARNING: without NetworkPolicies'],
    [
      'filters without addresses',
      { gateways: { service: { externalTrafficPolicy: 'Cluster' } }, networkPolicy: { masters: 'any' } },
      'WARNING: group 7 has a filter',
    ],
    ['one NATS server', {}, 'NATS has one server'],
  ])('speak of %s', (_what, values, text) => {
    expect(notes(...base, values)).toContain(text);
  });

  it('do not warn where nothing is amiss', () => {
    const text = notes(groups(row(7)), USERS, { nats: { replicas: 3 } });
    expect(text).not.toMatch(/WARNING|one server|privileged/);
    expect(text).toContain('mm2ss-nats-setup-');
  });

  it('list the names that the certificate of NATS has to have', () => {
    expect(notes(...(SCENARIOS['tls'] ?? []))).toContain(
      'The certificate of nats-tls must have these names:\n  mm2ss-nats-0',
    );
  });
});
