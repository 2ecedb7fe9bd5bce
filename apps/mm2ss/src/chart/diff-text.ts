import {
  type ChartDiff,
  type MovedRtu,
  type PodChange,
  type PolicyChange,
  type PortChange,
  type SecretChange,
} from '@iec104mm2ss/chart';
import type { GroupConfig } from '@iec104mm2ss/config';
import type { ConfigurationDiff } from '../commands/diff.js';
import { formatDiff } from '../commands/diff.js';

/** Effects that cut the masters of a group off. */
const COSTS: readonly string[] = ['gone', 'link', 'masters'];

/**
 * What an upgrade from one file to the other does, for people: what pods restart, what that costs, and what changes while
 * everything runs on.
 *
 * @param before groups of the file that is in force
 */
export function chartDiffText(diff: ConfigurationDiff, chart: ChartDiff, before: readonly GroupConfig[]): string {
  if (diff.refused.length > 0) return formatDiff(diff);
  const sections = [
    formatDiff(diff),
    section('RTUs', chart.moved.map(movedText)),
    section('Pods', [...chart.pods.map(podText), ...othersText(chart.secrets)]),
    section('Sessions', [sessionsText(diff, before, chart.secrets)]),
    section('Ports of the Service', chart.ports.map(portText)),
    section('NetworkPolicies', chart.policies.map(policyText)),
    section('NATS', natsLines(chart)),
  ];
  return sections.filter((text) => text !== '').join('\n');
}

const section = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : [`${title}:`, ...lines.map((line) => `  ${line}`), ''].join('\n');

const movedText = ({ before, after, host }: MovedRtu): string =>
  `${host} is of group ${before} now, and of group ${after} afterwards: two connectors reach for one RTU while the old one ends. ` +
  `Take group ${before} out first, and add group ${after} with a second upgrade`;

const PODS: Readonly<Record<PodChange['what'], string>> = {
  new: 'new',
  gone: 'removed',
  restarts: 'restarts',
};

function podText({ name, what, groups }: PodChange): string {
  const shared = groups.length > 1 ? `, groups ${groups.join(', ')}` : '';
  return `${name}: ${PODS[what]}${shared}`;
}

function othersText({ added, perhaps }: SecretChange): string[] {
  const named = (ids: readonly string[]): string => ids.map((id) => `groups.${id}.tlsSecret`).join(', ');
  if (added.length > 0) {
    return [
      `gateways: all restart, as their pods have to name ${named(added)}; with files in tls.groupsSecret none does`,
      'routers and all other connectors: none restarts',
    ];
  }
  return [
    'routers, gateways and all other connectors: none restarts',
    ...(perhaps.length > 0 ? [`all gateways restart if the values before were without ${named(perhaps)}`] : []),
  ];
}

/** Each master of a group has a session, and no group has more than its column says. */
function sessionsText({ groups }: ConfigurationDiff, before: readonly GroupConfig[], { added }: SecretChange): string {
  const places = new Map(before.map(({ id, maxConnections }) => [id, maxConnections]));
  const all = [...places.values()].reduce((sum, number) => sum + number, 0);
  if (added.length > 0) return `all, at most ${all}, are cut off once`;
  const hit = groups.filter(({ effect }) => COSTS.includes(effect));
  const cut = hit.reduce((sum, { id }) => sum + (places.get(id) ?? 0), 0);
  if (cut === 0) return `none of at most ${all} is cut off`;
  return `up to ${cut} of at most ${all} are cut off: those of group${hit.length === 1 ? '' : 's'} ${hit.map(({ id }) => id).join(', ')}`;
}

function portText({ port, before, after }: PortChange): string {
  if (before === undefined) return `${port} appears (group ${after})`;
  return after === undefined
    ? `${port} goes (group ${before})`
    : `${port} is group ${after}'s now, and was group ${before}'s`;
}

const POLICIES: Readonly<Record<PolicyChange['of'], string>> = {
  masters: 'masters may come from',
  proxies: 'load balancers may come from',
  hosts: 'its connector may reach',
};

function policyText({ group, of, allowed, allowedNoMore }: PolicyChange): string {
  const parts = [
    ...(allowed.length > 0 ? [`${allowed.join(', ')} now`] : []),
    ...(allowedNoMore.length > 0 ? [`${allowedNoMore.join(', ')} no more`] : []),
  ];
  return `group ${group}: ${POLICIES[of]} ${parts.join(', ')}`;
}

function natsLines({ pods }: ChartDiff): string[] {
  const names = (what: PodChange['what']): string =>
    pods
      .filter((pod) => pod.what === what)
      .map(({ name }) => name)
      .join(', ');
  const [added, gone] = [names('new'), names('gone')];
  return [
    ...(added === '' ? [] : [`new users, with new keys in the secret (mm2ss nats-auth): ${added}`]),
    ...(gone === '' ? [] : [`users that are left out: ${gone}`]),
  ];
}
