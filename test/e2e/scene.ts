import { Master, startRtu, type TestRtu } from './stations.ts';
import { type Columns, GATEWAY_HOSTS, System, type SystemOptions } from './system.ts';

/** One RTU and the system around it, its listeners open. */
export interface OneGroup extends TestRtu {
  readonly system: System;
  /** A master of its own address, not connected yet. `gateway` counts from 0. */
  master(n: number, gateway?: number, options?: ConstructorParameters<typeof Master>[5]): Master;
}

/** Address of the n-th master. */
export const addressOf = (n: number): string => `127.0.0.${10 + n}`;

export async function oneGroup(
  columns: Columns = {},
  options: SystemOptions = {},
  rtuOptions: Parameters<typeof startRtu>[0] = {},
): Promise<OneGroup> {
  const station = await startRtu(rtuOptions);
  const { host, port } = station.rtu.address;
  const system = await System.start([{ hosts: `${host}:${port}`, ...columns }], options);
  const master: OneGroup['master'] = (n, gateway = 0, own = {}) =>
    new Master(`master ${n}`, addressOf(n), station.ledger, GATEWAY_HOSTS[gateway] as string, system.port, own);
  return { ...station, system, master };
}
