import type { PublishConfirmation, StreamPublisher } from '@iec104mm2ss/bus';
import type { SimProcess } from '../world/sim-process.ts';
import type { ClientLink } from './client-link.ts';
import type { Cluster } from './cluster.ts';

type Options = Parameters<StreamPublisher['publish']>[2];

/** Publishes to streams; confirmations come back over the connection, in order, or get lost with it. */
export class SimPublisher implements StreamPublisher {
  private closed = false;

  constructor(
    private readonly process: SimProcess,
    private readonly cluster: Cluster,
    private readonly link: () => ClientLink | undefined,
    private readonly onConfirmed: (confirmation: PublishConfirmation) => void,
    private readonly onClose: () => void,
  ) {}

  publish(subject: string, data: Uint8Array, options: Options): void {
    const link = this.link();
    if (this.closed || link === undefined || !this.process.effect()) return;
    const octets = new Uint8Array(data);
    const confirm = (confirmation: PublishConfirmation): void =>
      link.run(() => {
        if (!this.closed) this.onConfirmed(confirmation);
      });
    link.up(() => {
      const { cluster } = this;
      // Subscribers get it as any other message, whether it is stored or not.
      cluster.route(link, subject, octets, undefined);
      cluster.execute(
        (store): PublishConfirmation =>
          store.streamOf(subject)?.publish(cluster.world.time, subject, octets, options) ?? NO_STREAM,
        confirm,
        () => confirm(NO_STREAM),
      );
    });
  }

  close(): void {
    this.closed = true;
    this.onClose();
  }
}

const NO_STREAM = { sequence: undefined, reason: 'no JetStream answers' } as const;
