import { type Decoded, WireError } from '@iec104mm2ss/wire';
import type { Bus, Message, Subscription } from './bus.js';

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
