import { NatsBus } from '@iec104mm2ss/bus';
import { systemRuntime } from '@iec104mm2ss/runtime';
import { describeBusContract } from '@iec104mm2ss/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { hasNats, hasNats29, type NatsRelease, type NatsServer, startNatsServer } from './nats-server.ts';

describe.each<[NatsRelease, boolean]>([
  ['current', hasNats],
  ['2.9', hasNats29],
])('nats-server %s', (release, available) => {
  let server: NatsServer;
  beforeAll(async () => {
    if (available) server = await startNatsServer(release);
  });
  afterAll(async () => {
    if (available) await server.stop();
  });

  const open = (): Promise<NatsBus> =>
    NatsBus.connect({ servers: [server.url], runtime: systemRuntime(), replicas: 1 });
  const makeBus = async () => {
    const [bus, second] = await Promise.all([open(), open()]);
    return {
      bus,
      second,
      stop: async () => {
        await Promise.all([bus.close(), second.close()]);
      },
    };
  };

  describe.skipIf(!available)('keeps', () => describeBusContract(release, makeBus, { describe, it }));
});
