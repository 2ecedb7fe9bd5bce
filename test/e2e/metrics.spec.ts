/** The metrics of connectors, routers and gateways over NATS, those that stand by among them. */
import { type ExposedBy, metricsOf } from '@iec104mm2ss/observability';
import { expect, it } from 'vitest';
import { expectCatalogued, missing, parse, present } from '../scrape.ts';
import { hasNats } from './nats-server.ts';
import type { Part } from './part.ts';
import { until } from './ports.ts';
import { System } from './system.ts';

/** Nobody is there. */
const NO_RTU = '127.0.0.2:9';

const scrape = async (part: Part): Promise<string> => (await fetch(`http://${part.http}/metrics`)).text();

it.skipIf(!hasNats)(
  'every part exposes its own for every group of the file, of two that share a group one owns it',
  async () => {
    const groups = [{ hosts: NO_RTU, masters: 'A=127.0.0.11' }, { hosts: NO_RTU }];
    const system = await System.start(groups, { routers: 2, gateways: 2, connectors: 2, untilListening: false });
    const texts = new Map<ExposedBy, string[]>();
    await until(
      'owners of both groups in both roles',
      async () => {
        texts.clear();
        for (const [name, part] of system.parts) {
          const kind = /^(connector|router|gateway)/.exec(name)?.[1] as ExposedBy;
          texts.set(kind, [...(texts.get(kind) ?? []), await scrape(part)]);
        }
        const all = [...texts.values()].flat().flatMap(parse);
        const owners = all.filter(({ name, value }) => name === 'mm2ss_group_owner' && value === 1);
        const heard = all.filter(({ name, value }) => name === 'mm2ss_group_router_heard' && value === 1);
        return owners.length === 4 && heard.length === 4;
      },
      60_000,
    );
    expect([...texts].map(([kind, each]) => [kind, each.length]).sort()).toEqual([
      ['connector', 4],
      ['gateway', 2],
      ['router', 2],
    ]);
    for (const [kind, each] of texts) {
      const own = new Set([...metricsOf('process'), ...metricsOf(kind)]);
      for (const text of each) {
        expectCatalogued(text);
        expect(missing(text, 'process')).toEqual([]);
        expect([...present(text)].filter((name) => !own.has(name))).toEqual([]);
      }
      // What only an owner knows is told by one of them.
      expect(
        each.reduce((left, text) => left.filter((name) => missing(text, kind).includes(name)), missing('', kind)),
      ).toEqual([]);
    }
    const value = (kind: ExposedBy, name: string): number[] =>
      (texts.get(kind) ?? []).flatMap(parse).flatMap((series) => (series.name === name ? [series.value] : []));
    // Both gateways, both groups: nobody has reached an RTU, which is 0 and not absent.
    expect(value('gateway', 'mm2ss_group_rtu_up')).toEqual([0, 0, 0, 0]);
    expect(value('router', 'mm2ss_group_info')).toEqual([1, 1, 1, 1]);
    expect(value('router', 'mm2ss_bus_connected')).toEqual([1, 1]);
    expect(value('router', 'mm2ss_named_master_started')).toEqual([0]);
  },
);
