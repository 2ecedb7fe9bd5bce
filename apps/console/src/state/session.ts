/** Who uses the page, and what he may do. */
import type { Role, Session } from '@iec104mm2ss/console-api';
import { effect, signal } from '@preact/signals';
import { api, ApiError } from '../api/client.js';
import { denial, denialOf, whenDoubted } from '../api/denial.js';
import { connection } from '../api/stream.js';
import { serverSays } from './time.js';

export const session = signal<Session | undefined>(undefined);
export const sessionError = signal<string | undefined>(undefined);

const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, engineer: 2 };
const RETRY_MS = 3_000;
const DOUBT_MS = 500;

/** False, too, for what cannot be done here at all. */
export function may(what: keyof Session['needs']): boolean {
  const least = session.value?.needs[what] ?? null;
  return session.value !== undefined && least !== null && RANK[session.value.role] >= RANK[least];
}

let timer: ReturnType<typeof setTimeout> | undefined;
let isAsking = false;
let isDoubted = false;

async function loadSession(): Promise<void> {
  if (isAsking) {
    isDoubted = true;
    return;
  }
  isAsking = true;
  isDoubted = false;
  clearTimeout(timer);
  try {
    session.value = await api.session();
    sessionError.value = undefined;
    denial.value = undefined;
    serverSays(session.value.now);
  } catch (error) {
    const { status, message, retryAfterS } = error instanceof ApiError ? error : new ApiError(0, String(error));
    denial.value = denialOf(status, message, retryAfterS, Date.now());
    sessionError.value = denial.value?.reason ?? message;
    // Who is not let in has no role, and gets no buttons; one of whom nothing is known keeps his.
    if (denial.value !== undefined) session.value = undefined;
    const inMs = denial.value === undefined ? RETRY_MS : denial.value.againAt - Date.now();
    if (inMs < Infinity) timer = setTimeout(() => void loadSession(), inMs);
  } finally {
    isAsking = false;
    // What has been doubted since may be newer than this answer.
    if (isDoubted && denial.peek() === undefined) timer = setTimeout(() => void loadSession(), DOUBT_MS);
  }
}

/**
 * Asks now; whenever the server was away, as it may be another release then, with other roles; and when an answer doubts who
 * asks, or the stream is refused or was ended by the server.
 */
export function startSession(): void {
  let wasDown = false;
  void loadSession();
  whenDoubted(() => void loadSession());
  effect(() => {
    const { phase } = connection.value;
    if (phase === 'open' && wasDown) void loadSession();
    if (phase !== 'connecting') wasDown = phase === 'down';
  });
}
