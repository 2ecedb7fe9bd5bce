import { BrokerBus } from '@iec104mm2ss/bus';
import { type BusUnderTest, describeBusContract } from '@iec104mm2ss/testing';
import { describe, it } from 'vitest';
import { Cluster, type ClusterOptions } from './broker/cluster.ts';
import { SimBroker } from './broker/sim-broker.ts';
import { SimNetwork } from './network/sim-network.ts';
import { SimProcess } from './world/sim-process.ts';
import { World } from './world/world.ts';

/** Simulated time that a condition may take to come true. */
const DEADLINE_MS = 60_000;
const STEP_MS = 2;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** The third implementation of the bus: two processes of a simulated world, whose time goes on for as long as a test lasts. */
async function makeSimBus(options: ClusterOptions): Promise<BusUnderTest> {
  const world = new World(1);
  const network = new SimNetwork(world);
  const cluster = new Cluster(world, network, options);
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await world.runFor(STEP_MS);
      await turn();
    }
  })();
  const connect = async (name: string, address: string): Promise<BrokerBus> => {
    const process = new SimProcess(world, { name, hostname: 'host', address });
    network.attach(process);
    const broker = await SimBroker.connect(process, cluster);
    return new BrokerBus(broker, { runtime: process.runtime, replicas: options.servers });
  };
  const until: NonNullable<BusUnderTest['until']> = async (condition, what) => {
    const end = world.time + DEADLINE_MS;
    while (!condition()) {
      if (world.time > end) throw new Error(`not within ${DEADLINE_MS} ms of simulated time: ${what}`);
      await turn();
    }
  };
  const bus = await connect('one', '10.1.0.1');
  const second = await connect('two', '10.1.0.2');
  return {
    bus,
    second,
    until,
    stop: async () => {
      await Promise.all([bus.close(), second.close()]);
      stopped = true;
      await running;
    },
  };
}

describeBusContract('simulated, one server', () => makeSimBus({ servers: 1, sync: 'always' }), { describe, it });
describeBusContract('simulated, a cluster', () => makeSimBus({ servers: 3, sync: 'always' }), { describe, it });
