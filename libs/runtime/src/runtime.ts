import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Clock, SYSTEM_CLOCK } from './clock.js';
import { type Network, SYSTEM_NETWORK } from './network.js';

/** Injection token of Runtime. */
export const RUNTIME = Symbol('RUNTIME');

/** Everything that a part of the product takes from the world around its process, besides the bus. */
export interface Runtime {
  readonly clock: Clock;
  readonly network: Network;
  /** 0 <= x < 1, as Math.random. */
  random(): number;
  /**
   * Name of this process among all that ever ran: host name, process id and a random part, for two containers may have the
   * same host name and pid 1.
   */
  readonly instance: string;
}

/**
 * The runtime of a real process. Call it once: each call makes another identity.
 *
 * @param prefix what its name begins with
 */
export function systemRuntime(prefix = ''): Runtime {
  const instance = `${prefix}${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  return { clock: SYSTEM_CLOCK, network: SYSTEM_NETWORK, random: Math.random, instance };
}

/** A number for what must not be confused among all processes: a connection attempt, a request. 48 bits. */
export function randomId(runtime: Pick<Runtime, 'random'>): number {
  return Math.floor(runtime.random() * 0x1000000) * 0x1000000 + Math.floor(runtime.random() * 0x1000000);
}
