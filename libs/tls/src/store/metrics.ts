import { numericGauge, type Registry, type Sample } from '@iec104mm2ss/observability';
import type { SetState } from './directory-store.js';
import { SHARED } from './snapshot.js';
import type { TlsSet } from './tls-set.js';

/** What the label `group` says of the files that are for all groups without files of their own. */
const ALL = 'all';

type Labels = 'group' | 'file';

/** When what is in force ends. The group's label is from names of folders, which are ids of groups: bounded like those. */
export function registerStoreMetrics(registry: Registry, states: ReadonlyMap<string, SetState>): () => void {
  const ends = [
    numericGauge(registry, 'mm2ss_tls_certificate_not_after_seconds', () =>
      [...states].flatMap(([group, { inForce }]) => (inForce === undefined ? [] : certificates(group, inForce))),
    ),
    numericGauge(registry, 'mm2ss_tls_crl_next_update_seconds', () =>
      [...states].flatMap(([group, { inForce }]) => {
        const value = first(inForce?.trust.crls.map(({ nextUpdate }) => nextUpdate ?? Infinity) ?? []);
        return Number.isFinite(value) ? [{ labels: { group: label(group) }, value }] : [];
      }),
    ),
    numericGauge(registry, 'mm2ss_tls_files_in_force', () =>
      [...states].map(([group, { inForce, refused }]) => ({
        labels: { group: label(group) },
        value: inForce !== undefined && refused === undefined ? 1 : 0,
      })),
    ),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function certificates(group: string, { own, trust }: TlsSet): Sample<Labels>[] {
  const of = (file: string, links: TlsSet['own']): Sample<Labels> => ({
    labels: { group: label(group), file },
    value: first(links.map(({ certificate }) => certificate.notAfter)),
  });
  return [of('tls.crt', own), of('ca.crt', trust.authorities)];
}

const label = (group: string): string => (group === SHARED ? ALL : group);

const first = (times: readonly number[]): number => Math.min(...times) / 1000;
