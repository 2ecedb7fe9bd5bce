import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, createRegistry, type Registry } from '@iec104mm2ss/observability';
import type { ClockSetter } from './clock-setter.js';
import { NtpClient, type NtpClientOptions } from './ntp-client.js';
import { writeTimestamp } from './ntp-packet.js';
import type { NtpClock } from './ntp-query.js';

/** Time passes only when a test says so; timers fire when it says so. */
class ManualClock implements NtpClock {
  monotonicMs = 0;
  wall = Date.parse('2026-11-21T10:00:00Z');
  private readonly timers = new Map<symbol, { callback: () => void; at: number }>();

  now = (): number => this.monotonicMs;
  wallMs = (): number => this.wall;
  setTimer(callback: () => void, delayMs: number): unknown {
    const timer = Symbol('timer');
    this.timers.set(timer, { callback, at: this.monotonicMs + delayMs });
    return timer;
  }
  clearTimer(timer: unknown): void {
    this.timers.delete(timer as symbol);
  }
  advance(ms: number): void {
    this.monotonicMs += ms;
    this.wall += ms;
    for (const [timer, { callback, at }] of [...this.timers]) {
      if (at <= this.monotonicMs && this.timers.delete(timer)) callback();
    }
  }
  get pending(): number[] {
    return [...this.timers.values()].map(({ at }) => at - this.monotonicMs);
  }
}

/** An NTP server on loopback whose clock is `aheadMs` ahead of ours. */
class Responder {
  aheadMs = 0;
  silent = false;
  change: (octets: Buffer) => void = () => undefined;
  /** Sent before the right answer. */
  noise: ((request: Buffer) => Buffer)[] = [];
  requests = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly clock: ManualClock,
  ) {
    socket.on('message', (request, { port, address }) => {
      this.requests++;
      if (this.silent) return;
      for (const make of this.noise) socket.send(make(request), port, address);
      socket.send(this.answer(request), port, address);
    });
  }

  static async open(clock: ManualClock): Promise<Responder> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Responder(socket, clock);
  }

  get name(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  answer(request: Buffer): Buffer {
    const octets = Buffer.alloc(48);
    octets[0] = 0x24;
    octets[1] = 2;
    request.copy(octets, 24, 40, 48);
    writeTimestamp(octets, 32, this.clock.wall + this.aheadMs);
    writeTimestamp(octets, 40, this.clock.wall + this.aheadMs);
    this.change(octets);
    return octets;
  }

  /** Resolves when the next request is here. */
  async asked(): Promise<void> {
    await once(this.socket, 'message');
  }

  close(): void {
    this.socket.close();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('NtpClient', () => {
  let clock: ManualClock;
  let registry: Registry;
  let first: Responder;
  let second: Responder;
  let lines: { level: string; msg: string; reason?: string }[];
  const clients: NtpClient[] = [];

  beforeEach(async () => {
    clock = new ManualClock();
    registry = createRegistry({ processMetrics: false });
    [first, second] = await Promise.all([Responder.open(clock), Responder.open(clock)]);
    lines = [];
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.stop()));
    first.close();
    second.close();
  });

  function client(options: Partial<NtpClientOptions> = {}): NtpClient {
    const { logger } = createLogger({
      destination: { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[0]) },
    });
    const servers = [first.name, second.name];
    const created = new NtpClient({ servers, updateEverySec: 900, logger, registry, clock, ...options });
    clients.push(created);
    return created;
  }

  /** Records what the clock was moved by, and moves it. */
  function clockSetter(): ClockSetter & { readonly moves: number[] } {
    const moves: number[] = [];
    return {
      moves,
      adjust: async (offsetMs) => {
        moves.push(offsetMs);
        clock.wall += offsetMs;
      },
    };
  }

  it('reports the offset of the first server in status, metrics and log, and does not touch the clock', async () => {
    first.aheadMs = 2500;
    const ntp = client();
    expect(ntp.status()).toMatchObject({ state: 'pending', offsetSeconds: null, lastSuccessAt: null });
    await ntp.update();
    expect(ntp.status()).toMatchObject({
      state: 'ok',
      server: first.name,
      stratum: 2,
      delaySeconds: 0,
      lastSuccessAt: '2026-11-21T10:00:00.000Z',
      set: false,
      error: null,
    });
    expect(ntp.status().offsetSeconds).toBeCloseTo(2.5, 5);
    expect([first.requests, second.requests]).toEqual([1, 0]);
    expect(lines).toMatchObject([{ level: 'info', msg: 'NTP: offset of the clock', server: first.name, stratum: 2 }]);
    const text = await registry.metrics();
    expect(text).toMatch(/^mm2ss_ntp_offset_seconds 2\.5/m);
    expect(text).toMatch(new RegExp(`^mm2ss_ntp_last_success_timestamp_seconds ${clock.wall / 1000}$`, 'm'));
    expect(text).toContain(`mm2ss_ntp_requests_total{server="${first.name}",result="ok"} 1\n`);
  });

  it('asks the next server when one does not answer in time', async () => {
    first.silent = true;
    second.aheadMs = -40;
    const ntp = client();
    const round = ntp.update();
    await first.asked();
    clock.advance(5000);
    await round;
    expect(ntp.status()).toMatchObject({ state: 'ok', server: second.name, error: null });
    expect(ntp.status().offsetSeconds).toBeCloseTo(-0.04, 5);
    expect(lines[1]).toMatchObject({ level: 'warn', reason: `${first.name}: no answer within 5 s` });
    expect(await registry.metrics()).toContain(`{server="${first.name}",result="timeout"} 1\n`);
  });

  it('asks the next server when one is not synchronised, or nobody listens there', async () => {
    first.change = (octets) => (octets[0] = 0xe4);
    const closed = await Responder.open(clock);
    const ntp = client({ servers: [closed.name, first.name, second.name] });
    const nobody = closed.name;
    closed.close();
    await ntp.update();
    expect(ntp.status()).toMatchObject({ state: 'ok', server: second.name });
    expect(lines[1]!.reason).toContain(`${nobody}: recvmsg ECONNREFUSED; ${first.name}: its clock is not synchronised`);
  });

  it('waits for the answer to its own request, whatever else arrives from there', async () => {
    first.noise = [
      () => Buffer.from('hello'),
      (request) => request,
      (request) => {
        const forged = first.answer(request);
        forged.writeUInt8(forged.readUInt8(24) ^ 1, 24);
        writeTimestamp(forged, 40, clock.wall + 3_600_000);
        return forged;
      },
    ];
    const ntp = client();
    await ntp.update();
    expect(ntp.status()).toMatchObject({ state: 'ok', server: first.name, offsetSeconds: 0 });
  });

  it('keeps the last known offset while no server answers, and recovers', async () => {
    first.aheadMs = 1000;
    const ntp = client({ servers: [first.name] });
    await ntp.update();
    first.change = (octets) => (octets[1] = 16);
    clock.advance(900_000);
    await ntp.update();
    expect(ntp.status()).toMatchObject({
      state: 'unreachable',
      offsetSeconds: 1,
      lastSuccessAt: '2026-11-21T10:00:00.000Z',
      error: `${first.name}: stratum 16`,
    });
    expect(lines.at(-1)).toMatchObject({ level: 'warn', msg: 'NTP: no server gave the time' });
    first.change = () => undefined;
    await ntp.update();
    expect(ntp.status()).toMatchObject({ state: 'ok', error: null });
  });

  it('leaves a server alone that says RATE for four rounds, and one that says DENY for a day', async () => {
    const kiss = (code: string) => (octets: Buffer) => {
      octets[1] = 0;
      octets.write(code, 12, 'latin1');
    };
    first.change = kiss('RATE');
    second.change = kiss('DENY');
    const ntp = client();
    for (let round = 0; round < 4; round++, clock.advance(900_000)) await ntp.update();
    expect([first.requests, second.requests]).toEqual([1, 1]);
    expect(ntp.status().error).toContain('asked not to be asked');
    await ntp.update();
    expect([first.requests, second.requests]).toEqual([2, 1]);
    clock.advance(24 * 3_600_000);
    await ntp.update();
    expect([first.requests, second.requests]).toEqual([3, 2]);
  });

  it('begins at once, then asks again every updateEverySec, until stopped', async () => {
    const ntp = client({ servers: [first.name] });
    const asked = first.asked();
    ntp.start();
    await asked;
    await ntp.update();
    await turn();
    expect(clock.pending).toEqual([900_000]);
    const again = first.asked();
    clock.advance(900_000);
    await again;
    await ntp.update();
    expect(first.requests).toBe(2);
    await ntp.stop();
    expect(clock.pending).toEqual([]);
    expect(await registry.metrics()).not.toMatch(/^mm2ss_ntp_offset_seconds /m);
  });

  it('stop ends a round under way, silently', async () => {
    first.silent = true;
    const ntp = client();
    ntp.start();
    await first.asked();
    await ntp.stop();
    await turn();
    expect([second.requests, lines, clock.pending]).toEqual([0, [], []]);
    expect(ntp.status().state).toBe('pending');
  });

  it('without servers does nothing and says so', async () => {
    const ntp = client({ servers: [] });
    ntp.start();
    expect(ntp.status().state).toBe('off');
    expect(clock.pending).toEqual([]);
    expect(() => client({ servers: ['not a host'] })).toThrow('NTP server "not a host"');
  });

  describe('with a clock setter', () => {
    it('sets the clock by the offset, once it is beyond the tolerance', async () => {
      first.aheadMs = 9;
      const setter = clockSetter();
      const ntp = client({ clockSetter: setter });
      await ntp.update();
      expect(setter.moves).toEqual([]);
      expect(ntp.status().set).toBe(true);
      first.aheadMs = -1500;
      await ntp.update();
      expect(setter.moves).toHaveLength(1);
      expect(setter.moves[0]).toBeCloseTo(-1500, 2);
      expect(ntp.status()).toMatchObject({ set: true, error: null, lastSuccessAt: '2026-11-21T09:59:58.500Z' });
      expect(lines.at(-1)).toMatchObject({ level: 'warn', msg: 'NTP: clock set' });
      expect(await registry.metrics()).toContain('mm2ss_ntp_clock_sets_total{result="ok"} 1\n');
    });

    it('says why it could not', async () => {
      first.aheadMs = 1000;
      const reason = 'no privilege to set the clock';
      const ntp = client({ clockSetter: { adjust: () => Promise.reject(new Error(reason)) } });
      await ntp.update();
      expect(ntp.status()).toMatchObject({ state: 'ok', offsetSeconds: 1, set: false, error: reason });
      expect(lines.at(-1)).toMatchObject({ level: 'error', msg: 'NTP: clock not set', reason });
    });

    it('believes any first offset, later no jump of more than 1000 s', async () => {
      first.aheadMs = 30 * 365 * 86_400_000;
      const setter = clockSetter();
      const ntp = client({ clockSetter: setter });
      await ntp.update();
      first.aheadMs = 1_000_001;
      await ntp.update();
      expect(setter.moves).toHaveLength(1);
      expect(ntp.status()).toMatchObject({ set: false, error: expect.stringContaining('not believed') as string });
    });
  });
});
