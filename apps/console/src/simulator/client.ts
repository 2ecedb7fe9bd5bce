/** The API of `mm2ss simulate rtus`. What goes wrong is thrown, with what the server said, for people. */
import type { SimulatedRtu, SimulatedRun, SimulatorLog } from '@iec104mm2ss/console-api';
import { signal } from '@preact/signals';

/** The API asks for a token, and has not been given the right one. */
export const tokenWanted = signal(false);
/** Gone with the tab. */
let token = sessionStorage.getItem('simulator-token') ?? '';

export function useToken(text: string): void {
  token = text;
  sessionStorage.setItem('simulator-token', text);
  tokenWanted.value = false;
}

async function ask<T>(path: string, method: 'GET' | 'POST' = 'GET', body?: object): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`.${path}`, {
      method,
      headers: {
        ...(token !== '' && { Authorization: `Bearer ${token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Error('The simulator does not answer.');
  }
  if (response.status === 401) tokenWanted.value = true;
  const answer = (await response.json().catch(() => ({}))) as T & { readonly error?: string };
  if (response.ok) return answer;
  throw new Error(answer.error ?? `The simulator answered with status ${response.status}.`);
}

export type Order = 'offline' | 'online' | 'drop' | 'restart';

export const rtus = (): Promise<readonly SimulatedRtu[]> => ask('/rtus');
export const send = (index: number, duration: number, rtu: number | undefined): Promise<{ readonly run: number }> =>
  ask('/send', 'POST', { index, duration, ...(rtu !== undefined && { rtu }) });
export const stop = (rtu: number | undefined): Promise<{ readonly stopped: number }> =>
  ask('/stop', 'POST', rtu === undefined ? {} : { rtu });
export const run = (number: number): Promise<SimulatedRun> => ask(`/runs/${number}`);
export const order = (id: string, verb: Order): Promise<SimulatedRtu> =>
  ask(`/rtus/${encodeURIComponent(id)}/${verb}`, 'POST', {});
export const log = (id: string, which: 'station' | 'interrogation', after: number): Promise<SimulatorLog> =>
  ask(`/rtus/${encodeURIComponent(id)}/log?log=${which}&after=${after}`);
