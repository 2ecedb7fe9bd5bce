import { type Decoded, WireError } from '@iec104mm2ss/wire';
import type { Bus, Message, Subscription } from './bus.js';

/**
 * For what is mostly said again unchanged: the same octets as before have the same value, which nobody may change. One for
 * each subject.
 *
 * @param messages how many it remembers: as many as senders take turns on the subject
 */
export function remembering<T>(
  decode: (data: Uint8Array) => Decoded<T>,
  messages = 1,
): (data: Uint8Array) => Decoded<T> {
  const last: { readonly octets: Buffer; readonly value: T }[] = [];
  return (data) => {
    const known = last.find(({ octets }) => octets.equals(data));
    if (known !== undefined) return known.value;
    const value = decode(data);
    if (value instanceof WireError) return value;
    if (last.length === messages) last.shift();
    last.push({ octets: Buffer.from(data), value });
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
