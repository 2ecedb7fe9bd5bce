import 'reflect-metadata';
import { BUS, type Bus, MemoryBus } from '@iec104mm2ss/bus';
import { GROUPS } from '@iec104mm2ss/config';
import { createSilentLogger, LOGGER } from '@iec104mm2ss/observability';
import { RUNTIME } from '@iec104mm2ss/runtime';
import { FakeClock } from '@iec104mm2ss/testing';
import { type TapRecord, Taps, TAPS } from '@iec104mm2ss/transport';
import { CAPTURE_INTEREST_MS } from '@iec104mm2ss/wire';
import { type LoggerService, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, describe, expect, it } from 'vitest';
import { BusTransport } from '../control/bus-transport.js';
import { PROCESS } from '../core/process-info.js';
import { GATHER_MS } from './capture-source.js';
import { CaptureSources } from './capture-sources.js';
import { CaptureStream } from './capture-stream.js';
import { CaptureVerbs } from './capture.module.js';
import { PcapngTally } from './pcapng-tally.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const TESTFR_ACT = Uint8Array.of(0x68, 0x04, 0x43, 0, 0, 0);
const record: TapRecord = {
  ...{ kind: 'in', received: 0, sent: 0, octets: TESTFR_ACT, aligned: true },
  ends: {
    local: { address: '127.0.0.1', port: 2404 },
    remote: { address: '127.0.0.11', port: 40_000 },
    controlling: false,
  },
};

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A process `a` that serves group 1, and a capture of it in another process: between them is a bus that may lose answers. */
async function captured() {
  const clock = new FakeClock();
  const bus = new MemoryBus({ clock });
  const taps = new Taps();
  class Part {}
  Module({
    controllers: [CaptureVerbs],
    providers: [
      CaptureSources,
      { provide: BUS, useValue: bus },
      { provide: TAPS, useValue: taps },
      { provide: LOGGER, useValue: createSilentLogger() },
      { provide: RUNTIME, useValue: { clock, instance: 'a' } },
      { provide: GROUPS, useValue: { current: [{ id: '1' }] } },
      { provide: PROCESS, useValue: { parts: ['gateway'] } },
    ],
  })(Part);
  const log = (): void => undefined;
  const logger: LoggerService = { log, warn: log, error: log };
  const app = await NestFactory.createMicroservice(Part, { strategy: new BusTransport(bus), logger });
  await app.listen();
  closing.push(() => app.close());

  const way = { loses: false, asks: true };
  const nats: Pick<Bus, 'kind' | 'connected' | 'askAll' | 'drops'> = {
    kind: 'nats',
    get connected() {
      return way.asks;
    },
    drops: bus.drops,
    askAll: (subject, data, onAnswer) => bus.askAll(subject, data, (answer) => void (way.loses || onAnswer(answer))),
  };
  const names: string[] = [];
  const tally = new PcapngTally((name) => names.push(name));
  const stream = new CaptureStream(
    { bus: nats, clock, by: 'b', group: '1', capture: 'c' },
    { write: (blocks) => void tally.feed(blocks), full: () => false },
  );
  const pass = async (ms: number): Promise<void> => {
    await turn();
    clock.advance(ms);
    await turn();
    await turn();
  };
  await pass(0);
  const tell = async (): Promise<void> => {
    taps.of('1').tell(record);
    await pass(GATHER_MS);
  };
  return { bus, way, names, tally: tally.tally, stream, pass, tell };
}

describe('a capture of another process', () => {
  it('has the octets that were said there', async () => {
    const { bus, names, tally, tell } = await captured();
    await tell();
    await tell();
    expect(names).toEqual(['a', 'a:masters-2404']);
    expect(tally).toMatchObject({ packets: 2, leftOut: 0 });
    expect(bus.drops.all()).toEqual([]);
  });

  it('says what was lost on the way, although nothing follows', async () => {
    const { way, tally, pass, tell } = await captured();
    await tell();
    way.loses = true;
    for (let i = 0; i < 3; i++) await tell();
    way.loses = false;
    await pass(CAPTURE_INTEREST_MS / 3);
    await pass(1_000);
    expect(tally).toMatchObject({ packets: 1, leftOut: 3 });
  });

  it('counts from anew, and says so, when that process has stopped listening meanwhile', async () => {
    const { way, names, tally, stream, pass, tell } = await captured();
    await tell();
    way.asks = false;
    await pass(CAPTURE_INTEREST_MS);
    await tell();
    // What passes here nobody counts.
    await tell();
    way.asks = true;
    await pass(CAPTURE_INTEREST_MS);
    await tell();
    expect(names).toEqual(['a', 'a:masters-2404', 'a', 'a:masters-2404']);
    stream.end();
    expect(tally).toMatchObject({ packets: 2, leftOut: 0 });
  });
});
