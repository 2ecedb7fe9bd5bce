import { beginsAnew, type GroupConfig, groupChanges } from '@iec104mm2ss/config';
import { connectorPod, connectorPods } from './connector-pods.js';
import { type GroupValues, groupValues } from './values.js';

/** A Deployment of connectors that appears, goes, or gets other pods. */
export interface PodChange {
  /** Behind the name of the release. */
  readonly name: string;
  readonly what: 'new' | 'gone' | 'restarts';
  /** Its groups, afterwards or, when it goes, before. */
  readonly groups: readonly string[];
}

/** A port at the Service that appears or goes; with both groups: it is another group's now. */
export interface PortChange {
  readonly port: number;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Networks or RTU hosts that the NetworkPolicies of a group let pass. */
export interface PolicyChange {
  readonly group: string;
  /** `masters`: who may come to its ports; `proxies`: load balancers that may; `hosts`: where its connector may go. */
  readonly of: 'masters' | 'proxies' | 'hosts';
  readonly allowed: readonly string[];
  readonly allowedNoMore: readonly string[];
}

/** Groups with a secret of their own for TLS, which the pods of the gateways have to name: one more starts all of them anew. */
export interface SecretChange {
  /** They are new, and so are their secrets. */
  readonly added: readonly string[];
  /** They were there before; whether with this secret only the values of then could say. */
  readonly perhaps: readonly string[];
}

/** A group that goes and one that comes with the same RTU: its id was changed, or it is another one that takes its place. */
export interface MovedRtu {
  readonly before: string;
  readonly after: string;
  /** `IP:PORT` that both have. */
  readonly host: string;
}

/** What an upgrade of the release does to the objects of the cluster. */
export interface ChartDiff {
  readonly pods: readonly PodChange[];
  readonly secrets: SecretChange;
  readonly ports: readonly PortChange[];
  readonly policies: readonly PolicyChange[];
  readonly moved: readonly MovedRtu[];
}

/** Masters may come from everywhere. */
const EVERYWHERE = 'everywhere';

/** How the connectors are put into pods. */
export interface Packing {
  /** How many ids share a pod. */
  readonly groupsPerPod: number;
  /** A pod with one group is started anew when the connector has to begin the group anew; else the process does it. */
  readonly restartOnChange: boolean;
  /** Ids of groups with a secret of their own for TLS. */
  readonly ownSecrets: readonly string[];
}

export function chartDiff(before: readonly GroupConfig[], after: readonly GroupConfig[], packing: Packing): ChartDiff {
  return {
    pods: podChanges(before, after, packing),
    secrets: secretChange(before, packing),
    ports: portChanges(before, after),
    policies: policyChanges(before, after),
    moved: movedRtus(before, after),
  };
}

function podChanges(
  before: readonly GroupConfig[],
  after: readonly GroupConfig[],
  { groupsPerPod, restartOnChange }: Packing,
): PodChange[] {
  const pods = (groups: readonly GroupConfig[]): ReadonlyMap<string, readonly string[]> =>
    connectorPods(
      groups.map(({ id }) => id),
      groupsPerPod,
    );
  const [old, now] = [pods(before), pods(after)];
  const only = (
    what: PodChange['what'],
    of: ReadonlyMap<string, readonly string[]>,
    not: ReadonlyMap<string, readonly string[]>,
  ): PodChange[] =>
    [...of].filter(([name]) => !not.has(name)).map(([name, groups]): PodChange => ({ name, what, groups }));
  // A process takes what has changed from the file, for the groups that it is about.
  const anew =
    groupsPerPod > 1 || !restartOnChange
      ? []
      : groupChanges(before, after).changed.filter((change) => beginsAnew('connector', change));
  return [
    ...only('gone', old, now),
    ...anew.map(({ after: { id } }): PodChange => ({ name: connectorPod(id, 1), what: 'restarts', groups: [id] })),
    ...only('new', now, old),
  ];
}

function movedRtus(before: readonly GroupConfig[], after: readonly GroupConfig[]): MovedRtu[] {
  const without = (all: readonly GroupConfig[], others: readonly GroupConfig[]): GroupConfig[] =>
    all.filter(({ id }) => !others.some((other) => other.id === id));
  const comes = without(after, before).map((group) => ({ id: group.id, hosts: allowed('hosts', groupValues(group)) }));
  return without(before, after).flatMap((gone) => {
    const hosts = allowed('hosts', groupValues(gone));
    return comes.flatMap(({ id, hosts: others }) => {
      const host = hosts.find((each) => others.includes(each));
      return host === undefined ? [] : [{ before: gone.id, after: id, host }];
    });
  });
}

function secretChange(before: readonly GroupConfig[], { ownSecrets }: Packing): SecretChange {
  const wasThere = (id: string): boolean => before.some((group) => group.id === id);
  return { added: ownSecrets.filter((id) => !wasThere(id)), perhaps: ownSecrets.filter(wasThere) };
}

function portChanges(before: readonly GroupConfig[], after: readonly GroupConfig[]): PortChange[] {
  const [old, now] = [groupsByPort(before), groupsByPort(after)];
  const ports = [...new Set([...old.keys(), ...now.keys()])].sort((a, b) => a - b);
  return ports
    .map((port) => ({ port, before: old.get(port), after: now.get(port) }))
    .filter((change) => change.before !== change.after);
}

function groupsByPort(groups: readonly GroupConfig[]): ReadonlyMap<number, string> {
  const ports = groups.flatMap((group) => {
    const { port, tlsPort } = groupValues(group);
    return [port, tlsPort].filter((number) => number !== undefined).map((number) => [number, group.id] as const);
  });
  return new Map(ports);
}

function policyChanges(before: readonly GroupConfig[], after: readonly GroupConfig[]): PolicyChange[] {
  return groupChanges(before, after).changed.flatMap((change) => {
    const [old, now] = [groupValues(change.before), groupValues(change.after)];
    return (['masters', 'proxies', 'hosts'] as const).flatMap((of) => {
      const [was, is] = [allowed(of, old), allowed(of, now)];
      const policy: PolicyChange = { group: change.after.id, of, allowed: less(is, was), allowedNoMore: less(was, is) };
      return policy.allowed.length + policy.allowedNoMore.length > 0 ? policy : [];
    });
  });
}

function allowed(of: PolicyChange['of'], { sources, proxies = [], hosts }: GroupValues): readonly string[] {
  if (of === 'masters') return sources.length > 0 ? sources : [EVERYWHERE];
  if (of === 'proxies') return proxies;
  return hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
}

const less = (all: readonly string[], others: readonly string[]): string[] =>
  [...new Set(all)].filter((one) => !others.includes(one));
