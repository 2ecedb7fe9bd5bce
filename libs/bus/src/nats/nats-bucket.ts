import type { KV } from '@nats-io/kv';
import type { LimitFunction } from 'p-limit';
import type { BrokerBucket, BrokerEntry } from '../broker.js';
import { busError } from './nats-errors.js';

/** A bucket of JetStream's key-value store. What is asked of it waits for `inTurn`, if that is given. */
export class NatsBucket implements BrokerBucket {
  constructor(
    private readonly store: KV,
    private readonly name: string,
    private readonly whenConnected: () => void,
    private readonly inTurn: LimitFunction | undefined,
  ) {}

  async get(key: string): Promise<BrokerEntry | undefined> {
    const entry = await this.call(`value of ${key}`, () => this.store.get(key));
    return entry === null || entry.operation !== 'PUT' ? undefined : { value: entry.value, revision: entry.revision };
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    await this.call(`put ${key}`, () => this.store.put(key, value));
  }

  async swap(key: string, value: Uint8Array, revision: number): Promise<void> {
    await this.call(`swap ${key}`, () =>
      revision === 0 ? this.store.create(key, value) : this.store.update(key, value, revision),
    );
  }

  async delete(key: string): Promise<void> {
    await this.call(`delete ${key}`, () => this.store.delete(key));
  }

  async keys(): Promise<string[]> {
    return this.call('keys', async () => {
      const keys: string[] = [];
      for await (const key of await this.store.keys()) keys.push(key);
      return keys;
    });
  }

  private call<T>(what: string, ask: () => Promise<T>): Promise<T> {
    return this.inTurn === undefined ? this.ask(what, ask) : this.inTurn(() => this.ask(what, ask));
  }

  private async ask<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      this.whenConnected();
      return await ask();
    } catch (error) {
      throw busError(`bucket ${this.name}: ${what}`, error);
    }
  }
}
