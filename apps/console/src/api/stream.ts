/**
 * The one event stream of the tab. What the views look at is in its query: when that changes it is opened anew and goes on where
 * the old one was. It says honestly whether it lives.
 */
import type { StreamEvents, StreamQuery } from '@iec104mm2ss/console-api';
import { effect, signal, untracked } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { streamUrl } from './client.js';
import { denial, doubt } from './denial.js';

export interface Connection {
  /** `connecting`: just opened, or opened anew for another view. */
  readonly phase: 'connecting' | 'open' | 'down';
  /** Of the last event, ms on this machine's clock; undefined before the first. */
  readonly heardAt: number | undefined;
  readonly reason: string | undefined;
}

/** What of the query of the stream is not served, and whether it is live: nothing that passes now is missed. */
export const looks = signal<StreamEvents['looks']>({ live: false, refused: [] });

export const connection = signal<Connection>({ phase: 'connecting', heardAt: undefined, reason: undefined });

type Handlers = { readonly [Name in keyof StreamEvents]?: (data: StreamEvents[Name]) => void };
interface Watch {
  readonly query: StreamQuery;
  readonly on: Handlers;
}

/** All of them: the compiler misses none. */
const EVENTS = Object.keys({
  looks: true,
  overview: true,
  delta: true,
  group: true,
  log: true,
  traffic: true,
  command: true,
  change: true,
  leftOut: true,
  bye: true,
} satisfies Record<keyof StreamEvents, true>) as (keyof StreamEvents)[];

/** Something comes every five seconds at least. A connection that died without a word looks open for ever. */
const SILENCE_MS = 12_000;
const CHECK_MS = 500;
const RETRY_MS = 2_000;
/** Views that come and go in one go open it once. */
const SETTLE_MS = 30;
/**
 * A browser has six connections for one address (HTTP/1.1), and a stream takes one: a tab that nobody sees gives its own back, and
 * looks in now and then, so that its title stays true.
 */
const HIDDEN_MS = 5_000;
const LOOK_IN_MS = 30_000;

const NO_ANSWER = 'The console does not answer.';
const REFUSED = 'The console refuses to say what happens: it may be starting, or too many windows look already.';
const NO_PLACE = 'The console does not answer, or this browser has too many windows of it open: six are one too many.';

const watches = new Set<Watch>();
const wanted = signal('');
let source: EventSource | undefined;
let lastId = '';
let openedAt = 0;
let hiddenAt = 0;

/** Adds what a component looks at, while it is shown. `key` says when that is something else. */
export function useStream(query: StreamQuery, on: Handlers, key: string): void {
  useEffect(() => watchStream(query, on), [key]);
}

/** @returns ends it */
export function watchStream(query: StreamQuery, on: Handlers): () => void {
  const watch = { query, on };
  watches.add(watch);
  wanted.value = queryText();
  return () => {
    watches.delete(watch);
    wanted.value = queryText();
  };
}

/** The queries of all as one: lists are joined. */
function queryText(): string {
  const joined = new Map<string, Set<string>>();
  for (const { query } of watches) {
    for (const [name, value] of Object.entries(query) as [string, string | undefined][]) {
      for (const part of (value ?? '').split(',')) {
        if (part !== '') joined.set(name, (joined.get(name) ?? new Set()).add(part));
      }
    }
  }
  return new URLSearchParams([...joined].map(([name, values]) => [name, [...values].join(',')])).toString();
}

function lost(reason: string): void {
  connection.value = { ...connection.value, phase: 'down', reason };
}

function open(): void {
  source?.close();
  source = undefined;
  openedAt = Date.now();
  if (denial.value !== undefined) return;
  looks.value = { live: false, refused: [] };
  const query = new URLSearchParams(wanted.value);
  if (lastId !== '') query.set('last', lastId);
  const current = new EventSource(streamUrl(query));
  source = current;
  for (const name of EVENTS) {
    current.addEventListener(name, (event: MessageEvent<string>) => {
      if (source !== current) return;
      if (event.lastEventId !== '') lastId = event.lastEventId;
      connection.value = { phase: 'open', heardAt: Date.now(), reason: undefined };
      const data: unknown = JSON.parse(event.data);
      if (name === 'looks') looks.value = data as StreamEvents['looks'];
      if (name === 'bye') leave(current, (data as StreamEvents['bye']).reason);
      for (const { on } of [...watches]) (on[name] as ((data: unknown) => void) | undefined)?.(data);
      if (name === 'delta' && isUnseen()) close();
    });
  }
  current.addEventListener('error', () => {
    if (source !== current) return;
    // The browser tries again where nobody answered. An answer without a stream is its last word.
    if (current.readyState !== EventSource.CLOSED) lost(NO_ANSWER);
    else {
      lost(REFUSED);
      doubt();
    }
  });
}

const isUnseen = (): boolean => document.hidden && Date.now() - hiddenAt > HIDDEN_MS;

function close(): void {
  source?.close();
  source = undefined;
  looks.value = { live: false, refused: [] };
}

/** The server said why it ends; it is asked again a while later. */
function leave(current: EventSource, reason: string): void {
  current.close();
  openedAt = Date.now();
  lost(reason);
  doubt();
}

export function startStream(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    void wanted.value;
    // The stream that is open yet is not one of what is wanted now.
    looks.value = { live: false, refused: [] };
    clearTimeout(timer);
    timer = setTimeout(open, SETTLE_MS);
  });
  effect(() => {
    const denied = denial.value;
    // What is read and written here is not what it waits for.
    untracked(() => {
      if (denied === undefined) {
        if (connection.value.phase === 'down') open();
        return;
      }
      close();
      lost(denied.reason);
    });
  });
  document.addEventListener('visibilitychange', () => {
    hiddenAt = Date.now();
    if (!document.hidden && source === undefined) open();
  });
  setInterval(() => {
    if (denial.value !== undefined) return;
    if (source === undefined) {
      if (!document.hidden || Date.now() - openedAt > LOOK_IN_MS) open();
      return;
    }
    const quiet = Date.now() - Math.max(openedAt, connection.value.heardAt ?? 0);
    if (quiet > SILENCE_MS && connection.value.phase !== 'down')
      lost(source.readyState === EventSource.CONNECTING ? NO_PLACE : 'Nothing was heard of the console for a while.');
    const gaveUp = source.readyState === EventSource.CLOSED && Date.now() - openedAt > RETRY_MS;
    if (gaveUp || quiet > SILENCE_MS) open();
  }, CHECK_MS);
}
