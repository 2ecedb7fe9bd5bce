import type { Broker, BrokerBucket } from '../broker.js';
import type { KeyValue } from '../bus.js';
import { bucketStreamName } from '../stored-names.js';

/** Buckets, each made sure of once per connection: the server may be another one then, or have lost its store. */
export class Buckets {
  private readonly opened = new Map<string, Promise<BrokerBucket>>();

  constructor(
    private readonly broker: Pick<Broker, 'bucket'>,
    private readonly replicas: number,
  ) {}

  open(name: string): Promise<BrokerBucket> {
    let bucket = this.opened.get(name);
    if (bucket === undefined) {
      bucket = this.broker.bucket(name, { replicas: this.replicas });
      this.opened.set(name, bucket);
      bucket.catch(() => this.opened.delete(name));
    }
    return bucket;
  }

  /** The stream of a bucket could not be used: somebody may have removed it. */
  forget(stream: string): void {
    for (const name of this.opened.keys()) if (bucketStreamName(name) === stream) this.opened.delete(name);
  }

  reconnected(): void {
    this.opened.clear();
  }
}

export class BrokerKeyValue implements KeyValue {
  constructor(private readonly bucket: () => Promise<BrokerBucket>) {}

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await (await this.bucket()).get(key))?.value;
  }
  async put(key: string, value: Uint8Array): Promise<void> {
    await (await this.bucket()).put(key, value);
  }
  async delete(key: string): Promise<void> {
    await (await this.bucket()).delete(key);
  }
  async keys(): Promise<string[]> {
    return (await this.bucket()).keys();
  }
}
