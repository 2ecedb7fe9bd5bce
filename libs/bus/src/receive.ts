import { type Decoded, WireError } from '@iec104mm2ss/wire';
import type { Bus, Message, Subscription } from './bus.js';

/**
 * For what is mostly said again unchanged: the same octets as the last time have the same value, which nobody may change.
 * One for each subject, as it remembers one message.
 */
export function remembering<T>(decode: (data: Uint8Array) => Decoded<T>): (data: Uint8Array) => Decoded<T> {
  let last: { readonly octets: Buffer; readonly value: T } | undefined;
  return (data) => {
    if (last?.octets.equals(data) === true) return last.value;
    const value = decode(data);
    if (!(value instanceof WireError)) last = { octets: Buffer.from(data), value };
    return value;
  };
}

/** Subscribes with a decoder: what it does not understand is counted and dropped. */
export function receive<T>(
  bus: Bus,
  pattern: string,
  decode: (data: Uint8Array) => Decoded<T>,
  handler: (value: T, message: Message) => void,
): Subscription {
  return bus.subscribe(pattern, (message) => {
    const value = decode(message.data);
    if (value instanceof WireError) bus.drops.add(message.subject, value.code, value.message);
    else handler(value, message);
  });
}
