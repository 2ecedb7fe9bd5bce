import { BrokerBus } from '../broker/broker-bus.js';
import { LEASE_BUCKET } from '../stored-names.js';
import { connectToNats, patienceOf, untilDone, type Waiting } from './nats-connect.js';
import { NatsBroker } from './nats-broker.js';
import { storageFailure } from './nats-errors.js';
import type { NatsOptions } from './nats-options.js';

/** The bus between processes on NATS servers. */
export class NatsBus extends BrokerBus {
  /**
   * Connects and makes sure of what has to exist, waiting for servers for as long as it takes; `waiting` hears why.
   *
   * @throws {BusError} REFUSED when waiting does not help: files that are wrong; and where `waitsWhenRefused` does not say otherwise,
   *   credentials and certificates that the server does not take, or no JetStream
   */
  static async connect(options: NatsOptions, waiting: Waiting = () => undefined): Promise<NatsBus> {
    const { runtime, replicas, listenOnly = false, name } = options;
    const broker = new NatsBroker(await connectToNats(options, waiting), options);
    const bus = new NatsBus(broker, { runtime, replicas, listenOnly, name });
    if (listenOnly) return bus;
    try {
      await untilDone(patienceOf(options, waiting), () => broker.bucket(LEASE_BUCKET, { replicas }), storageFailure);
    } catch (error) {
      await bus.close();
      throw error;
    }
    return bus;
  }
}
