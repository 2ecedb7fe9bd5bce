/** Who uses the page, and what he may do. */
import type { Role, Session } from '@iec104mm2ss/console-api';
import { effect, signal } from '@preact/signals';
import { api } from '../api/client.js';
import { connection } from '../api/stream.js';
import { serverSays } from './time.js';

export const session = signal<Session | undefined>(undefined);
export const sessionError = signal<string | undefined>(undefined);

const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, engineer: 2 };
const RETRY_MS = 3_000;

/** False, too, for what cannot be done here at all. */
export function may(what: keyof Session['needs']): boolean {
  const least = session.value?.needs[what] ?? null;
  return session.value !== undefined && least !== null && RANK[session.value.role] >= RANK[least];
}

async function loadSession(): Promise<void> {
  try {
    session.value = await api.session();
    sessionError.value = undefined;
    serverSays(session.value.now);
  } catch (error) {
    sessionError.value = error instanceof Error ? error.message : String(error);
    setTimeout(() => void loadSession(), RETRY_MS);
  }
}

/** Asks now, and again whenever the server was away: it may be another release then, with other roles. */
export function startSession(): void {
  let wasDown = false;
  void loadSession();
  effect(() => {
    const { phase } = connection.value;
    if (phase === 'open' && wasDown) void loadSession();
    if (phase !== 'connecting') wasDown = phase === 'down';
  });
}
