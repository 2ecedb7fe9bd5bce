/** What /metrics of a real multiplexer has: everything that the catalogue says, from the start, and nothing else. */
import { readFileSync } from 'node:fs';
import {
  type ExposedBy,
  FOREIGN_METRICS,
  metric,
  type MetricName,
  METRICS,
  metricsOf,
  seriesOf,
} from '@iec104mm2ss/observability';
import { MemoryBus } from '@iec104mm2ss/bus';
import { describe, expect, it } from 'vitest';
import { due, expectCatalogued, missing, parse, present } from '../scrape.js';
import { type Columns, hostOf, Multiplexer, startMaster, startRtu, until } from './harness.js';

/** Nobody is there. */
const NO_RTU = { hosts: '127.0.0.2:9', masters: 'C=127.0.0.13' };
async function scraped(mux: Multiplexer, ...parts: readonly ExposedBy[]): Promise<string> {
  let text = '';
  await until('metrics', async () => {
    text = await mux.page('/metrics');
    return missing(text, ...parts).length === 0;
  }).catch(() => undefined);
  expect(missing(text, ...parts)).toEqual([]);
  return text;
}

describe('the metrics of mm2ss run', () => {
  it('are those of the catalogue, all of them from the start, for every group of the file', async () => {
    const rtu = await startRtu();
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu), masters: 'A=127.0.0.11;B=127.0.0.12' }, NO_RTU]);
    await mux.listening('1');
    const text = await scraped(mux, 'process', 'connector', 'router', 'gateway');
    expectCatalogued(text);
    const series = parse(text);
    for (const name of due('connector', 'router', 'gateway')) {
      const { labels } = metric(name);
      if (!labels.includes('group')) continue;
      const groups = series.filter((each) => seriesOf(name).includes(each.name)).map((each) => each.labels['group']);
      expect([...new Set(groups)].sort(), name).toEqual(['1', '2']);
    }
    for (const name of Object.keys(FOREIGN_METRICS).filter((each) => /^(process|nodejs)_/.test(each))) {
      expect(text).toContain(`\n# TYPE ${name} `);
    }
  });

  it('say how events, commands and masters are doing', async () => {
    const rtu = await startRtu();
    const mux = await Multiplexer.start([{ hosts: hostOf(rtu), masters: 'A=127.0.0.11;B=127.0.0.12' }, NO_RTU]);
    await mux.listening('1');
    const value = async (name: MetricName | `${MetricName}_count`, labels = {}) => mux.metric(name, labels);
    expect(await value('mm2ss_group_info', { name: 'RTU-1', port: String(mux.port), rtu: '47' })).toBe(1);
    expect(await value('mm2ss_group_info', { group: '2', port: String(mux.ports[1]) })).toBe(1);
    expect(await value('mm2ss_group_limit', { limit: 'log_asdus' })).toBe(1000);
    expect(await value('mm2ss_group_limit', { limit: 'master_queue_asdus' })).toBe(8192);
    for (const role of ['connector', 'router']) expect(await value('mm2ss_group_owner', { role })).toBe(1);
    for (const [group, up] of [
      ['1', 1],
      ['2', 0],
    ] as const) {
      expect(await value('mm2ss_group_rtu_up', { group })).toBe(up);
      for (const heard of ['mm2ss_group_connector_heard', 'mm2ss_group_router_heard'] as const)
        await until(`${heard} of ${group}`, async () => (await value(heard, { group })) === 1);
    }
    const master = await startMaster(mux.port, 1);
    rtu.burst(20);
    await until('events', () => master.events.length >= 20);
    await until('an acknowledgement of all', async () => (await value('mm2ss_undelivered_oldest_seconds')) === 0);
    // It has caught up by now.
    const before = (await value('mm2ss_event_latency_seconds_count')) as number;
    rtu.burst(10);
    await until('more events', () => master.events.length >= 30);
    await until('an acknowledgement of all', async () => (await value('mm2ss_undelivered_oldest_seconds')) === 0);
    expect(await value('mm2ss_event_latency_seconds_count')).toBe(before + 10);
    expect(await value('mm2ss_router_asdus_class_total', { class: 'spontaneous' })).toBeGreaterThanOrEqual(20);
    expect(await value('mm2ss_link_apdus_total', { side: 'rtu', direction: 'received', format: 'i' })).toBe(
      await value('mm2ss_rtu_asdus_received_total'),
    );
    expect(await value('mm2ss_link_apdus_total', { side: 'master', direction: 'sent', format: 'i' })).toBe(
      await value('mm2ss_master_asdus_sent_total'),
    );
    const named = (metricName: MetricName, name: string) => value(metricName, { master: name });
    const sent = await value('mm2ss_master_asdus_sent_total');
    expect(await named('mm2ss_named_master_asdus_delivered_total', 'A')).toBe(sent);
    expect(await named('mm2ss_named_master_asdus_acknowledged_total', 'A')).toBe(sent);
    expect(await named('mm2ss_named_master_asdus_delivered_total', 'B')).toBe(0);
    expect([await named('mm2ss_named_master_started', 'A'), await named('mm2ss_named_master_started', 'B')]).toEqual([
      1, 0,
    ]);
    expect(await named('mm2ss_named_master_lag_asdus', 'A')).toBe(0);
    // It has never been here: what came since the start waits for it.
    expect(await named('mm2ss_named_master_lag_asdus', 'B')).toBeGreaterThanOrEqual(20);
    await until('age', async () => ((await named('mm2ss_named_master_oldest_seconds', 'B')) ?? 0) > 0);
    for (const name of ['A', 'B', '*']) {
      expect(await named('mm2ss_master_events_lost_total', name)).toBe(0);
      expect(await named('mm2ss_master_gaps_total', name)).toBe(0);
    }
    expect((await master.interrogate()).result).toBe('positive');
    await until(
      'a command',
      async () => (await value('mm2ss_command_duration_seconds_count', { outcome: 'done' })) === 1,
    );
    expect(await value('mm2ss_router_asdus_class_total', { class: 'answer' })).toBeGreaterThanOrEqual(1);
    expect(await value('mm2ss_master_sessions')).toBe(1);
    expect(await value('mm2ss_queue_high_water', { queue: 'log' })).toBeGreaterThanOrEqual(1);
    const since = (await value('mm2ss_rtu_state_timestamp_seconds')) as number;
    expect(Math.abs(Date.now() / 1000 - since)).toBeLessThan(60);
    await rtu.close();
    await until('RTU down', async () => (await value('mm2ss_group_rtu_up')) === 0);
    expect(await value('mm2ss_rtu_disconnects_total', { reason: 'peer_closed' })).toBe(1);
    expectCatalogued(await mux.page('/metrics'));
  });
});

it('each part exposes its own metrics, and no part those of another', async () => {
  const bus = new MemoryBus();
  const rtu = await startRtu();
  const groups: Columns[] = [{ hosts: hostOf(rtu), masters: 'A=127.0.0.11', 'port no': 21_404 }];
  const parts = ['router', 'gateway', 'connector'] as const;
  const running = new Map<ExposedBy, Multiplexer>();
  for (const part of parts) running.set(part, await Multiplexer.start(groups, { parts: [part], bus }));
  for (const [part, mux] of running) {
    const text = await scraped(mux, 'process', part);
    expectCatalogued(text);
    const own = new Set([...metricsOf('process'), ...metricsOf(part)]);
    expect([...present(text)].filter((name) => !own.has(name))).toEqual([]);
    // As docs/metrics.md has it for a group with one named master, without what is not there from the start.
    const due = parse(text).filter(({ name, labels }) => labels['group'] === '1' && isDue(name));
    expect([part, due.length]).toEqual([part, seriesInDocs(part)]);
  }
});

const metricNames = Object.keys(METRICS) as MetricName[];
const isDue = (series: string): boolean =>
  metricNames.some((name) => seriesOf(name).includes(series) && metric(name).absent === undefined);

function seriesInDocs(part: string): number {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const [, group = '', master = ''] = new RegExp(`^\\| ${part} +\\| (\\d+) +\\| (\\d+) `, 'm').exec(page) ?? [];
  return Number(group) + Number(master);
}

it('a process whose HTTP address nobody gave serves its masters where that is taken, and says so', async () => {
  const rtu = await startRtu();
  const first = await Multiplexer.start([{ hosts: hostOf(rtu) }]);
  const optionalHttpPort = Number(new URL(first.url).port);
  const second = await Multiplexer.start([{ hosts: hostOf(await startRtu()) }], { optionalHttpPort });
  expect(second.lines.find(({ msg }) => msg.startsWith('no metrics'))?.reason).toContain(`:${optionalHttpPort}`);
  await second.listening('1');
  await startMaster(second.ports[0] ?? 0, 1);
  await second.stop();
  expect(await first.page('/healthz')).toContain('ok');
});
