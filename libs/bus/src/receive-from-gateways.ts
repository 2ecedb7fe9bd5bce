import type { Decoded } from '@iec104mm2ss/wire';
import type { Bus, Subscription } from './bus.js';
import { receive } from './receive.js';
import { allGroups, controlSubject, groupAndGateway } from './subjects.js';

/**
 * Subscribes to what all gateways say on one kind of subject. `by` is the name of the one that speaks: who has its credentials,
 * as the server has checked. Where the bus has no names it may be anybody, and gateways of earlier releases are heard, too.
 *
 * @param subject without a name, such as `.in`
 */
export function receiveFromGateways<T>(
  bus: Bus,
  subject: string,
  decode: (data: Uint8Array) => Decoded<T>,
  handler: (value: T, by: string | undefined) => void,
): Subscription {
  const subscriptions = gatewayPatterns(bus, subject).map((pattern) =>
    receive(bus, pattern, decode, (value, message) => handler(value, groupAndGateway(message.subject).gateway)),
  );
  return { unsubscribe: () => subscriptions.forEach((each) => each.unsubscribe()) };
}

/** Where gateways speak: with their names, and where nobody has to have one also without. */
export function gatewayPatterns({ name, kind }: Pick<Bus, 'name' | 'kind'>, subject: string): string[] {
  const named = `${subject}.*`;
  if (name !== undefined) return [named];
  return kind === 'memory' ? [subject] : [subject, named];
}

/** Where gateways ask for admission. */
export function admissionPatterns({ name, kind }: Pick<Bus, 'name' | 'kind'>): string[] {
  const named = allGroups('admit.*');
  if (name !== undefined) return [named];
  return kind === 'memory' ? [controlSubject('admit')] : [controlSubject('admit'), named];
}
