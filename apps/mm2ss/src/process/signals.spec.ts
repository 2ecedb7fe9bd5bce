import type { Bus } from '@iec104mm2ss/bus';
import { createLogger } from '@iec104mm2ss/observability';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Composition } from '../composition.js';
import { runUntilSignal } from './signals.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

const BUS = {} as Bus;
let before: Map<Signal, NodeJS.SignalsListener[]>;
let exits: unknown[];
let said: string;
let lines: Record<string, unknown>[];

beforeEach(() => {
  before = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));
  [exits, said, lines] = [[], '', []];
  vi.useFakeTimers();
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exits.push(code);
    return undefined as never;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  for (const signal of SIGNALS) {
    for (const listener of process.listeners(signal)) {
      if (before.get(signal)?.includes(listener) !== true) process.removeListener(signal, listener);
    }
  }
});

function composition(stop: () => Promise<void>, onHangup = (): void => undefined): Composition {
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const { logger } = createLogger({ destination: { write } });
  return {
    logger,
    http: undefined,
    console: undefined,
    health: undefined,
    stop,
    onHangup: () => {
      onHangup();
      return Promise.resolve();
    },
  };
}

const turns = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1);
const never = (): Promise<never> => new Promise(() => undefined);

it('ends with 0 when everything has stopped, with 1 when that takes longer than ten seconds', async () => {
  let stopped: () => void = () => undefined;
  const stop = (): Promise<void> => new Promise((resolve) => (stopped = resolve));
  const running = runUntilSignal(
    () => Promise.resolve(BUS),
    () => Promise.resolve(composition(stop)),
  );
  await turns();
  process.emit('SIGTERM');
  await vi.advanceTimersByTimeAsync(9_000);
  expect(exits).toEqual([]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(exits).toEqual([1]);
  stopped();
  await running;
  expect(exits).toEqual([1, 0]);
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a second signal, %s, ends with %i', async (signal, code) => {
  void runUntilSignal(
    () => Promise.resolve(BUS),
    () => Promise.resolve(composition(never)),
  );
  await turns();
  process.emit(signal === 'SIGINT' ? 'SIGTERM' : 'SIGINT');
  await turns();
  process.emit('SIGHUP');
  expect(exits).toEqual([]);
  process.emit(signal);
  expect(exits).toEqual([code]);
});

it('SIGHUP is ignored with a line until everything has started, then it is for the composition', async () => {
  const onHangup = vi.fn();
  let start: (started: Composition) => void = () => undefined;
  void runUntilSignal(
    () => Promise.resolve(BUS),
    () => new Promise((resolve) => (start = resolve)),
  );
  await turns();
  process.emit('SIGHUP');
  expect(said).toContain('SIGHUP ignored: nothing has started yet');
  start(composition(never, onHangup));
  await turns();
  expect(onHangup).not.toHaveBeenCalled();
  process.emit('SIGHUP');
  process.emit('SIGHUP');
  expect(onHangup).toHaveBeenCalledTimes(2);
  expect(exits).toEqual([]);
  expect(lines.map(({ msg }) => msg)).toEqual(['signal received', 'signal received']);
});

it('a signal while the bus is waited for ends with 0; one while it starts is kept', async () => {
  void runUntilSignal(never, never);
  process.emit('SIGINT');
  await turns();
  expect(exits[0]).toBe(0);
  exits = [];

  let start: (started: Composition) => void = () => undefined;
  const running = runUntilSignal(
    () => Promise.resolve(BUS),
    () => new Promise((resolve) => (start = resolve)),
  );
  await turns();
  for (const listener of process.listeners('SIGTERM').slice(-1)) (listener as () => void)();
  await turns();
  expect(exits).toEqual([]);
  start(composition(() => Promise.resolve()));
  await running;
  expect(exits).toEqual([0]);
});
