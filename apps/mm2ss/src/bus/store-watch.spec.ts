import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRegistry } from '@iec104mm2ss/observability';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { FakeClock } from '@iec104mm2ss/testing';
import { expect, it, onTestFinished } from 'vitest';
import { STORE_PERIOD_MS, storeFill, StoreWatch } from './store-watch.js';

/** Of nats-server 2.15. */
const VARZ = {
  server_name: 'nats-0',
  jetstream: {
    config: { max_memory: 1_000, max_storage: 67_108_864, store_dir: '/data', sync_always: true },
    stats: { memory: 0, storage: 1_234_567, reserved_memory: 0, reserved_storage: 0, accounts: 1 },
  },
};

it.each([
  [VARZ, { usedBytes: 1_234_567, limitBytes: 67_108_864 }],
  [{ jetstream: { config: { max_storage: -1 }, stats: { storage: 5 } } }, { usedBytes: 5, limitBytes: undefined }],
  [{ jetstream: {} }, undefined],
  [{ version: '2.9.0' }, undefined],
  ['text', undefined],
  [null, undefined],
])('what a server says of its store: %j', (varz, fill) => {
  expect(storeFill(varz)).toEqual(fill);
});

const metrics = async (registry: ReturnType<typeof createRegistry>): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line.startsWith('mm2ss_nats_store'));

it('asks each server again and again; one that does not answer has no figures until it does', async () => {
  const clock = new FakeClock();
  const registry = createRegistry({ processMetrics: false });
  const answers: Record<string, unknown> = { 'http://a:8222': VARZ, 'http://b:8222': new Error('no answer') };
  const asked: string[] = [];
  const watch = new StoreWatch(['http://a:8222', 'http://b:8222'], clock, registry, (url, page) => {
    asked.push(url + page);
    const answer = answers[url];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  watch.start();
  await settled();
  expect(asked).toEqual(['http://a:8222/varz', 'http://b:8222/varz']);
  expect(await metrics(registry)).toEqual([
    'mm2ss_nats_store_used_bytes{server="a:8222"} 1234567',
    'mm2ss_nats_store_limit_bytes{server="a:8222"} 67108864',
  ]);
  [answers['http://a:8222'], answers['http://b:8222']] = [new Error('gone'), VARZ];
  clock.advance(STORE_PERIOD_MS);
  await settled();
  expect(await metrics(registry)).toEqual([
    'mm2ss_nats_store_used_bytes{server="b:8222"} 1234567',
    'mm2ss_nats_store_limit_bytes{server="b:8222"} 67108864',
  ]);
  watch.stop();
  clock.advance(10 * STORE_PERIOD_MS);
  await settled();
  expect(asked).toHaveLength(4);
});

it('asks over HTTP', async () => {
  const server = createServer((request, response) => response.end(request.url === '/varz' ? JSON.stringify(VARZ) : ''));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const registry = createRegistry({ processMetrics: false });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const watch = new StoreWatch([`http://${host}`], SYSTEM_CLOCK, registry);
  onTestFinished(() => watch.stop());
  watch.start();
  await expect
    .poll(() => metrics(registry), { timeout: 10_000 })
    .toContain(`mm2ss_nats_store_used_bytes{server="${host}"} 1234567`);
});
