import { beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '@iec104mm2ss/observability';
import type { TcpSocket } from '@iec104mm2ss/runtime';
import { FakeClock, FakeNetwork, FakeSocket, groupConfig } from '@iec104mm2ss/testing';
import { LISTEN_RETRY_MS, MasterListener } from './master-listener.js';

const { logger } = createLogger({ level: 'silent' });
const PORT = 2_404;

let clock: FakeClock;
let network: FakeNetwork;
let accepted: TcpSocket[];
let failures: number;
let listener: MasterListener;

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork(clock);
  accepted = [];
  failures = 0;
  listener = new MasterListener(
    groupConfig({ port: PORT }),
    { clock, network },
    '127.0.0.1',
    logger,
    (socket) => accepted.push(socket),
    () => failures++,
    () => undefined,
  );
});

it('listens once until it is closed', () => {
  expect([listener.isOpen, listener.address]).toEqual([false, undefined]);
  listener.open();
  listener.open();
  clock.flush();
  expect([listener.isOpen, listener.address, network.listens]).toEqual([true, `127.0.0.1:${PORT}`, 1]);
  network.dial(PORT);
  expect(accepted.length).toBe(1);
  listener.close('enough');
  listener.close('enough');
  expect([listener.isOpen, listener.address, network.isListening(PORT)]).toEqual([false, undefined, false]);
  listener.open();
  expect(network.listens).toBe(2);
});

it('asks for a backlog of the masters’ connections times two', () => {
  let backlog = 0;
  network.listen = (options) => {
    backlog = options.backlog;
    return { address: undefined, close: () => undefined };
  };
  listener.open();
  expect(backlog).toBe(groupConfig().maxConnections * 4);
});

describe('a port that somebody else has', () => {
  beforeEach(() => {
    network.taken.add(PORT);
    listener.open();
    clock.flush();
  });

  it('is tried again after a pause, not before', () => {
    expect([listener.isOpen, failures, listener.retryAt]).toEqual([false, 1, LISTEN_RETRY_MS]);
    listener.open();
    expect(network.listens).toBe(1);
    network.taken.clear();
    clock.advance(LISTEN_RETRY_MS);
    listener.open();
    expect([listener.isOpen, listener.retryAt]).toEqual([true, Infinity]);
  });

  it('is tried, and given back, while the listener is to be closed', () => {
    listener.close('enough');
    expect([listener.blocked, listener.retryAt]).toEqual([true, LISTEN_RETRY_MS]);
    clock.advance(LISTEN_RETRY_MS);
    listener.probe();
    clock.flush();
    expect([listener.blocked, failures]).toEqual([true, 2]);
    network.taken.clear();
    clock.advance(LISTEN_RETRY_MS);
    listener.probe();
    clock.flush();
    expect([listener.blocked, listener.isOpen, network.isListening(PORT)]).toEqual([false, false, false]);
    listener.close('enough');
    expect(listener.retryAt).toBe(Infinity);
  });
});

it('that fails at once is tried again too', () => {
  network.listen = ({ onError }) => {
    onError(Object.assign(new Error('EACCES'), { code: 'EACCES' }));
    return { address: undefined, close: () => undefined };
  };
  listener.open();
  expect([listener.isOpen, failures]).toEqual([false, 1]);
});

it('resets connections that come in after it was closed, and heeds no late words of a closed one', () => {
  let options: Parameters<FakeNetwork['listen']>[0] | undefined;
  network.listen = (given) => {
    options = given;
    return { address: undefined, close: () => undefined };
  };
  listener.open();
  const former = options;
  listener.close('enough');
  listener.open();
  const [, late] = FakeSocket.pair(clock, '127.0.0.1', 1);
  former?.onConnection(late);
  former?.onError(new Error('late'));
  expect([late.destroyed, accepted.length, listener.isOpen, failures]).toEqual([true, 0, true, 0]);
});
