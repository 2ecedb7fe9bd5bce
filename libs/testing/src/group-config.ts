import { type GroupConfig, NO_OBSERVE } from '@iec104mm2ss/config';

/** A group with the manual's defaults. */
export function groupConfig(changes: Partial<GroupConfig> = {}): GroupConfig {
  const defaults: Omit<GroupConfig, 'rtuLink'> = {
    id: '1',
    row: 2,
    name: 'Group 1',
    port: 2404,
    tlsPort: undefined,
    plain: true,
    tlsProfile: 'iec62351',
    tlsNames: [],
    rtuNames: [],
    rtuNumber: 1,
    maxConnections: 5,
    idleTimeMs: 60_000,
    t0Ms: 30_000,
    t1Ms: 15_000,
    t2Ms: 10_000,
    t3Ms: 20_000,
    w: 8,
    k: 12,
    buffsize: 1_000,
    logEvents: false,
    sameIp: 'all',
    hosts: [{ host: '127.0.0.1', port: 2404 }],
    filter: [],
    ack: undefined,
    interrogation: 'all',
    decoded: true,
    masters: [],
    perSource: null,
    reserve: 1,
    commandRate: 50,
    commandBurst: 100,
    proxy: [],
    rights: undefined,
    observe: NO_OBSERVE,
    clock: { kind: 'forward' },
  };
  const config = { ...defaults, ...changes };
  const { t1Ms, t2Ms, t3Ms, w, k } = config;
  return { ...config, rtuLink: changes.rtuLink ?? { t1Ms, t2Ms, t3Ms, w, k } };
}

/** One host as a source range, by exact text. */
export function host(address: string): { text: string; cidr: string; contains(other: string): boolean } {
  return { text: address, cidr: `${address}/32`, contains: (other) => other === address };
}
