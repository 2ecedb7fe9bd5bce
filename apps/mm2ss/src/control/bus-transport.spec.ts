import 'reflect-metadata';
import { type Bus, DropCounter, type MessageHandler } from '@iec104mm2ss/bus';
import { decodeJson } from '@iec104mm2ss/wire';
import { Controller, type INestMicroservice, type LoggerService, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorFilter } from '../error.filter.js';
import { BusTransport } from './bus-transport.js';

@Controller()
class Verbs {
  @MessagePattern('double')
  double(request: unknown): unknown {
    return typeof request === 'number' ? 2 * request : undefined;
  }

  @MessagePattern('count')
  async count(request: unknown): Promise<Observable<unknown>> {
    return from([1, undefined, request]);
  }

  @MessagePattern('fail')
  fail(): never {
    throw new TypeError('the handler broke');
  }

  @MessagePattern('reject')
  async reject(): Promise<never> {
    throw new TypeError('the handler rejected');
  }
}

class Verbal {}
Module({ controllers: [Verbs] })(Verbal);

/** The part of a bus that the transport needs. */
class Subjects {
  readonly handlers = new Map<string, MessageHandler>();
  readonly drops = new DropCounter();

  subscribe(subject: string, handler: MessageHandler) {
    this.handlers.set(subject, handler);
    return { unsubscribe: () => void this.handlers.delete(subject) };
  }

  /** What comes back for a request within this turn of the event loop. */
  async ask(verb: string, text: string): Promise<unknown[]> {
    const subject = `iec104.v1.ctl.${verb}`;
    const answers: unknown[] = [];
    const respond = (data: Uint8Array): void => void answers.push(decodeJson('answer', data));
    this.handlers.get(subject)?.({ subject, data: Buffer.from(text), respond });
    await new Promise((resolve) => setImmediate(resolve));
    return answers;
  }
}

describe('requests on the control plane', () => {
  let bus: Subjects;
  let app: INestMicroservice;
  let errors: unknown[];
  beforeEach(async () => {
    bus = new Subjects();
    errors = [];
    const log = (): void => undefined;
    const logger: LoggerService = { log, warn: log, error: (message: unknown) => void errors.push(message) };
    const strategy = new BusTransport(bus as unknown as Bus);
    app = await NestFactory.createMicroservice(Verbal, { strategy, logger, abortOnError: false });
    app.useGlobalFilters(new ErrorFilter({ error: log }));
    await app.listen();
  });
  afterEach(() => app.close());

  it('are answered with what the handler returns', async () => {
    expect(await bus.ask('double', '21')).toEqual([42]);
    expect(bus.drops.all()).toEqual([]);
  });

  it('are answered several times with what an Observable brings', async () => {
    expect(await bus.ask('count', '"x"')).toEqual([1, 'x']);
  });

  it('are left to other processes when the handler returns nothing', async () => {
    expect(await bus.ask('double', '"x"')).toEqual([]);
    expect(await bus.ask('double', 'null')).toEqual([]);
    expect(bus.drops.all()).toEqual([]);
  });

  it('that are no JSON are counted, and answered with nothing', async () => {
    expect(await bus.ask('double', '{"a":')).toEqual([]);
    expect(await bus.ask('double', '')).toEqual([]);
    expect(bus.drops.all()).toEqual([{ kind: 'ctl.double', reason: 'JSON', count: 2 }]);
  });

  it.each(['fail', 'reject'])('whose handler breaks (%s) are counted, and answered with nothing', async (verb) => {
    const details: string[] = [];
    bus.drops.onDrop((_drop, detail) => details.push(detail));
    for (let i = 0; i < 3; i++) expect(await bus.ask(verb, '{}')).toEqual([]);
    expect(bus.drops.all()).toEqual([{ kind: `ctl.${verb}`, reason: 'HANDLER', count: 3 }]);
    expect(details[0]).toMatch(/^the handler /);
    // The log line is the drop counter's, at most once a minute.
    expect(errors).toEqual([]);
    expect(await bus.ask('double', '1')).toEqual([2]);
  });

  it('are heard no more once it is closed', async () => {
    await app.close();
    expect(bus.handlers.size).toBe(0);
  });
});
