import { describe, expect, it } from 'vitest';
import { durabilityOf, monitorUrls } from './nats-durability.js';

describe('where servers say what they are', () => {
  it('is port 8222 of each, if nothing else is said', () => {
    expect(monitorUrls(['nats://user:secret@a:4222', 'tls://a:4223', 'b', 'nats://[::1]:1'], undefined)).toEqual([
      'http://a:8222',
      'http://b:8222',
      'http://[::1]:8222',
    ]);
    expect(monitorUrls(['a'], 'http://m:1, https://n:2')).toEqual(['http://m:1', 'https://n:2']);
  });
});

describe('what a server says of syncing', () => {
  it.each([
    // nats-server 2.15 with and without sync_interval: always, and 2.9.
    [{ version: '2.15.1', jetstream: { config: { sync_interval: 120_000_000_000, sync_always: true } } }, true],
    [{ version: '2.15.1', jetstream: { config: { sync_interval: 120_000_000_000 } } }, false],
    [{ version: '2.9.10', jetstream: { config: { max_memory: 1 } } }, false],
    // Without JetStream, and what is no nats-server.
    [{ version: '2.15.1', jetstream: {} }, 'unknown'],
    [{}, 'unknown'],
    [null, 'unknown'],
    ['text', 'unknown'],
  ])('%j is %s', (varz, syncsAlways) => {
    expect(durabilityOf('http://a:8222', varz)).toMatchObject({
      syncsAlways,
      reason: expect.stringContaining('http://a:8222'),
    });
  });
});
