import { beforeEach, describe, expect, it } from 'vitest';
import { GroupSubjects } from '@iec104mm2ss/bus';
import { createLogger } from '@iec104mm2ss/observability';
import { FakeClock, RecordingBus } from '@iec104mm2ss/testing';
import { decodeOut, OutKind, outText, PROVISIONAL_MS, UNSTATED_MS } from '@iec104mm2ss/wire';
import { OriginatorAddresses } from './originator-addresses.js';
import { OutStream } from './out-stream.js';
import type { Session } from './session.js';
import { MAX_CLOSING, SessionTable } from './session-table.js';

const subjects = new GroupSubjects('1');
const { logger } = createLogger({ level: 'silent' });
const TICK_MS = 200;

let clock: FakeClock;
let bus: RecordingBus;
let addresses: OriginatorAddresses;
let table: SessionTable;
let over: number[];
let connected: boolean;

beforeEach(() => {
  clock = new FakeClock();
  bus = new RecordingBus({ clock });
  addresses = new OriginatorAddresses();
  over = [];
  connected = true;
  let seed = 0;
  table = new SessionTable({
    logger,
    clock,
    out: new OutStream(bus, subjects, 1, 1, 0),
    addresses,
    random: () => (seed += 0.001),
    connected: () => connected,
    over: ({ id }) => void over.push(id),
    changed: () => undefined,
  });
});

function add(id: number, gateway = 'g'): Session {
  const oa = addresses.allocate(id, clock.now()) as number;
  const identity = { id, gateway, connection: id, address: '10.0.0.1', port: 1, name: null, certificateName: null, oa };
  return table.add({ ...identity, since: 0 });
}

function confirmed(id: number, gateway = 'g'): Session {
  const session = add(id, gateway);
  table.confirm(session);
  return session;
}

/** CLOSE messages since last asked: `session code`. */
const closes = (): string[] =>
  bus.take().flatMap(({ subject, data }) => {
    const message = decodeOut(data);
    if (message instanceof Error || message.kind !== OutKind.CLOSE) return [];
    return [`${subject.slice(subjects.out.length + 1)} ${outText(message).code}`];
  });

function passes(ms: number, during: () => void = () => undefined): void {
  for (let done = 0; done < ms; done += TICK_MS) {
    clock.advance(TICK_MS);
    during();
    table.tick(clock.now());
  }
}

describe('the sessions of a group', () => {
  it('count by gateway once their gateways have stated them', () => {
    confirmed(1);
    confirmed(2, 'h');
    confirmed(3);
    add(4);
    expect(table.byGateway()).toEqual({ g: 2, h: 1 });
  });

  it('are over when they are provisional for too long, and their OAs are free at once', () => {
    const { oa } = add(1);
    passes(PROVISIONAL_MS);
    expect(over).toEqual([]);
    passes(2 * TICK_MS);
    expect(over).toEqual([1]);
    expect(addresses.saved(clock.now())).toEqual([]);
    expect(addresses.holder(oa)).toBeUndefined();
  });

  it('are over when they are not stated for too long, and the OAs of those that gave commands rest', () => {
    const session = confirmed(1);
    session.commands = 1;
    confirmed(2);
    passes(UNSTATED_MS + 2 * TICK_MS);
    expect(over).toEqual([1, 2]);
    expect(addresses.saved(clock.now()).map(({ oa }) => oa)).toEqual([session.oa]);
  });

  it('are not over because this process, or the bus, was away', () => {
    confirmed(1);
    clock.advance(UNSTATED_MS * 10);
    table.tick(clock.now());
    passes(UNSTATED_MS - TICK_MS);
    expect(over).toEqual([]);
    connected = false;
    passes(UNSTATED_MS * 3);
    connected = true;
    passes(UNSTATED_MS - TICK_MS);
    expect(over).toEqual([]);
    passes(3 * TICK_MS);
    expect(over).toEqual([1]);
  });

  it('do not depend on the wall clock', () => {
    const session = confirmed(1);
    clock.wallOffsetMs += 3_600_000;
    passes(UNSTATED_MS * 2, () => table.confirm(session));
    clock.wallOffsetMs -= 7_200_000;
    passes(UNSTATED_MS * 2, () => table.confirm(session));
    expect(over).toEqual([]);
  });

  it('that their gateway does not state are over, but for provisional ones and those of others', () => {
    confirmed(1);
    confirmed(2);
    confirmed(3, 'h');
    add(4);
    table.statedBy('g', new Set([1]));
    expect(over).toEqual([2]);
  });

  it('that were closed are told so again until they are gone', () => {
    const session = confirmed(1);
    table.close(session, 'same_ip', 'another one came');
    expect(closes()).toEqual(['1 same_ip']);
    expect(table.closeAgain(1)).toBe(true);
    expect(closes()).toEqual(['1 same_ip']);
    expect(table.getEvenClosing(1)).toBe(session);
    table.gone(1);
    expect(table.closeAgain(1)).toBe(false);
    expect(table.getEvenClosing(1)).toBeUndefined();
  });

  it.each([
    ['its gateway does not state it', () => table.statedBy('g', new Set())],
    ['its gateway is gone', () => table.gatewayGone('g')],
    ['nobody has stated it for long', () => passes(UNSTATED_MS + 2 * TICK_MS)],
  ])('that was closed is forgotten when %s', (_why, happens) => {
    table.close(confirmed(1), 'same_ip', 'another one came');
    happens();
    expect(table.closingSize).toBe(0);
  });

  it('that were closed are bounded', () => {
    for (let id = 1; id <= MAX_CLOSING + 50; id++) {
      const session = confirmed(id);
      table.close(session, 'same_ip', 'another one came');
    }
    expect(table.closingSize).toBe(MAX_CLOSING);
    expect(table.getEvenClosing(1)).toBeUndefined();
  });

  it('of a lost link are closed when their time is over', () => {
    const session = confirmed(1);
    session.endsAt = 1_000;
    passes(800, () => table.confirm(session));
    expect(closes()).toEqual([]);
    passes(200, () => table.confirm(session));
    expect(closes()).toEqual(['1 rtu_lost']);
  });

  it('want data transfer also while the log is asked where their data begins', () => {
    const session = confirmed(1);
    expect(table.anyStarted()).toBe(false);
    session.resolving = ++session.run;
    expect(table.anyStarted()).toBe(true);
    session.run++;
    expect(table.anyStarted()).toBe(false);
    session.started = true;
    expect(table.anyStarted()).toBe(true);
  });

  it('never share a number', () => {
    const ids = new Set<number>();
    for (let i = 0; i < 100; i++) ids.add(confirmed(table.newId()).id);
    expect(ids.size).toBe(100);
  });
});
