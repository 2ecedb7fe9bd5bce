/** The API of `mm2ss simulate rtus`, asked directly or through the console. What goes wrong is thrown, in words for people. */
import type { SimulatedRtu, SimulatedRun, SimulatorLog } from '@iec104mm2ss/console-api';

export type Order = 'offline' | 'online' | 'drop' | 'restart';

/** A POST when there is a body. */
export type Ask = <T>(path: string, body?: object) => Promise<T>;

export type SimulatorApi = ReturnType<typeof simulatorApi>;

export const simulatorApi = (ask: Ask) => ({
  rtus: () => ask<readonly SimulatedRtu[]>('/rtus'),
  send: (index: number, duration: number, rtu: number | undefined) =>
    ask<{ readonly run: number }>('/send', { index, duration, ...(rtu !== undefined && { rtu }) }),
  stop: (rtu: number | undefined) => ask<{ readonly stopped: number }>('/stop', rtu === undefined ? {} : { rtu }),
  run: (number: number) => ask<SimulatedRun>(`/runs/${number}`),
  order: (id: string, verb: Order) => ask<SimulatedRtu>(`/rtus/${encodeURIComponent(id)}/${verb}`, {}),
  log: (id: string, which: 'station' | 'interrogation', after: number) =>
    ask<SimulatorLog>(`/rtus/${encodeURIComponent(id)}/log?log=${which}&after=${after}`),
});
