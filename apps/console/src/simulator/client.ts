/** The way of the simulator's own page to its API. */
import { signal } from '@preact/signals';
import { simulatorApi } from './simulator-api.js';

/** The API asks for a token, and has not been given the right one. */
export const tokenWanted = signal(false);
/** Gone with the tab. */
let token = sessionStorage.getItem('simulator-token') ?? '';

export function useToken(text: string): void {
  token = text;
  sessionStorage.setItem('simulator-token', text);
  tokenWanted.value = false;
}

async function ask<T>(path: string, body?: object): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`.${path}`, {
      method: body ? 'POST' : 'GET',
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

export const simulator = simulatorApi(ask);
