import type { Denied } from '@iec104mm2ss/bus';
import { createLogger, createRegistry } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { expect, it } from 'vitest';
import { DeniedLog } from './denied-log.js';

function setup() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const { logger } = createLogger({ destination: { write } });
  const registry = createRegistry({ processMetrics: false });
  const clock = new FakeClock();
  let deny: (denied: Denied) => void = () => undefined;
  new DeniedLog({ onDenied: (listener) => (deny = listener) }, clock, logger, registry);
  return { lines, registry, clock, deny: (subject: string) => deny({ operation: 'publish', subject }) };
}

it('what the server does not permit is a security event at once, and once a minute then with how often it was', async () => {
  const { lines, registry, clock, deny } = setup();
  for (let second = 0; second < 61; second++) {
    deny('iec104.v1.1.cmd');
    clock.advance(1_000);
  }
  expect(lines).toEqual([
    expect.objectContaining({ event: 'bus_denied', event_id: 'MM2SS:5.1', subject: 'iec104.v1.1.cmd', count: 1 }),
    expect.objectContaining({ event: 'bus_denied', operation: 'publish', count: 60 }),
  ]);
  expect(await registry.metrics()).toContain('mm2ss_bus_denied_total{operation="publish"} 61');
});

it('inboxes are one subject, and many subjects do not fill the log', () => {
  const { lines, deny } = setup();
  for (let i = 0; i < 50; i++) deny(`_INBOX.gateway1.ask.${i}`);
  expect(lines).toHaveLength(1);
  for (let i = 0; i < 500; i++) deny(`iec104.v1.${i}.cmd`);
  expect(lines).toHaveLength(101);
});
