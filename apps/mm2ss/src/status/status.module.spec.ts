import 'reflect-metadata';
import { BUS, controlSubject } from '@iec104mm2ss/bus';
import { RUNTIME } from '@iec104mm2ss/runtime';
import { RecordingBus } from '@iec104mm2ss/testing';
import { decodeJson, encodeJson, encodeLeft, encodeStatusRequest } from '@iec104mm2ss/wire';
import { type INestMicroservice, type LoggerService, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BusTransport } from '../control/bus-transport.js';
import type { Known } from './known.js';
import { OwnStatus } from './own-status.js';
import { Leaving, StatusVerbs } from './status.module.js';
import { SystemStatus } from './system-status.js';

const GROUPS = 400;
const known: Known = {
  process: {
    instance: 'here',
    host: 'h',
    parts: ['router'],
    release: '0',
    startedAt: 0,
    configuration: null,
    ntp: null,
  },
  known: [{ part: 'router', groups: Array.from({ length: GROUPS }, (_, index) => ({ id: String(index) })) }],
};

describe('what processes ask and tell each other', () => {
  let bus: RecordingBus;
  let app: INestMicroservice;
  let left: string[];
  beforeEach(async () => {
    bus = new RecordingBus();
    left = [];
    class Root {}
    Module({
      controllers: [StatusVerbs],
      providers: [
        Leaving,
        { provide: BUS, useValue: bus },
        { provide: RUNTIME, useValue: { instance: 'here' } },
        { provide: OwnStatus, useValue: { known: () => Promise.resolve(known) } },
        { provide: SystemStatus, useValue: { left: (instance: string) => left.push(instance) } },
      ],
    })(Root);
    const log = (): void => undefined;
    const logger: LoggerService = { log, warn: log, error: log };
    const strategy = new BusTransport(bus);
    app = await NestFactory.createMicroservice(Root, { strategy, logger, abortOnError: false });
    await app.listen();
  });
  afterEach(() => app.close());

  async function ask(data: Uint8Array): Promise<{ groups: number; octets: number }[]> {
    const answers: { groups: number; octets: number }[] = [];
    bus.askAll(controlSubject('status'), data, (answer) => {
      const { known: parts } = decodeJson('answer', answer) as Known;
      answers.push({ groups: parts.reduce((sum, { groups }) => sum + groups.length, 0), octets: answer.length });
    });
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    return answers;
  }

  it('a question is answered with all that is known, in several messages if need be', async () => {
    const answers = await ask(encodeStatusRequest('there'));
    expect(answers.length).toBeGreaterThan(1);
    expect(answers.reduce((sum, { groups }) => sum + groups, 0)).toBe(GROUPS);
  });

  it('a question of its own is not answered, nor one that is not understood, which is counted', async () => {
    expect(await ask(encodeStatusRequest('here'))).toEqual([]);
    expect(bus.drops.all()).toEqual([]);
    for (const wrong of [{}, { v: 1, by: 'there' }, { v: 2 }, 7]) expect(await ask(encodeJson(wrong))).toEqual([]);
    expect(bus.drops.all()).toEqual([{ kind: 'ctl.status', reason: 'JSON', count: 4 }]);
  });

  it('who has left is forgotten', async () => {
    bus.publish(controlSubject('left'), encodeLeft('there'));
    bus.publish(controlSubject('left'), encodeJson({ v: 2 }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(left).toEqual(['there']);
    expect(bus.drops.all()).toEqual([{ kind: 'ctl.left', reason: 'JSON', count: 1 }]);
  });

  it('leaving is said at the end', async () => {
    await app.close();
    const said = bus.take(controlSubject('left')).map(({ data }) => decodeJson('left', data));
    expect(said).toEqual([{ v: 2, instance: 'here' }]);
  });
});
