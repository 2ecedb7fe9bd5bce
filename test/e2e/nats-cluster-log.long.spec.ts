import { NatsBus } from '@iec104mm2ss/bus';
import { systemRuntime } from '@iec104mm2ss/runtime';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NatsCluster } from './nats-cluster.ts';
import { hasNats } from './nats-server.ts';
import { until } from './ports.ts';

const APDU = Buffer.from('680a00000000010003000100', 'hex');
const RECORDS = 2_000;
/** As many are under way as an RTU with a large window allows. */
const UNDER_WAY = 48;

describe.skipIf(!hasNats)('the event log with three copies', () => {
  it('stores records that follow each other without waiting for the one before', async () => {
    const nats = await NatsCluster.start();
    const bus = await NatsBus.connect({ servers: nats.url.split(','), runtime: systemRuntime(), replicas: 3 });
    onTestFinished(async () => {
      await bus.close();
      await nats.stop();
    });
    const log = bus.eventLog('1', { capacity: RECORDS });
    let stored = 0;
    const refused: string[] = [];
    const open = () =>
      log.openWriter({
        onStored: (position) => (stored = position),
        onRefused: (position, { message }) => refused.push(`${position}: ${message}`),
      });
    // The servers may be choosing a leader.
    let writer: Awaited<ReturnType<typeof open>> | undefined;
    await until('the log is open', async () => {
      writer = await open().catch(() => undefined);
      return writer !== undefined;
    });
    for (let next = 0; next < RECORDS && refused.length === 0;) {
      for (; next < RECORDS && next - stored < UNDER_WAY; next++) {
        writer?.append({ epoch: 1, count: 1, receivedAt: 0, octets: APDU, start: 0, end: APDU.length });
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('all is stored', () => stored === RECORDS || refused.length > 0);
    expect(refused).toEqual([]);
    expect((await log.extent()).next).toBe(RECORDS);
  });
});
