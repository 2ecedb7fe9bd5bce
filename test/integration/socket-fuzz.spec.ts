/** Nonsense on both sockets at once: `FUZZ_SECONDS=120 make fuzz-sockets` for longer than a moment. */
import { expect, it, onTestFinished } from 'vitest';
import { fuzzingRtu, fuzzMasters, type SocketFuzz } from '../fuzz/sockets.js';
import { GATEWAY_HOST, hostOf, Multiplexer, RTU_HOST, startRtu } from './harness.js';
import { HealthyMaster } from './healthy-master.js';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 5);
const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
/** Both ends, the fuzzers and the multiplexer run in this process. */
const BOUND_MS = 3_000;
const MAD_RTUS = 8;

it(
  `masters and RTUs that talk nonsense disturb no other group (seed ${SEED})`,
  async () => {
    const [sane, other] = [await startRtu(), await startRtu({ eventBuffer: 100_000 })];
    // A host at fault is tried ever less often: several of them say more.
    const mad = await Promise.all(Array.from({ length: MAD_RTUS }, (_, i) => fuzzingRtu(RTU_HOST, SEED + i, 47)));
    onTestFinished(() => mad.forEach(({ server }) => server.close()));
    const hosts = [hostOf(sane), hostOf(other), ...mad.map(({ port }) => `${RTU_HOST}:${port}`)];
    const mux = await Multiplexer.start(hosts.map((each) => ({ hosts: each, t1: 2, t2: 1 })));
    await Promise.all([mux.listening('1'), mux.listening('2')]);
    const healthy = await HealthyMaster.start(mux.ports[1] as number, 1, other);
    const signal = AbortSignal.timeout(SECONDS * 1_000);
    const masters = await Promise.all(
      mux.ports.map((port, group) => {
        const target = { host: GATEWAY_HOST, port, ca: 47 };
        return group === 1
          ? Promise.resolve(undefined)
          : fuzzMasters(target, SEED + group, group === 0 ? 4 : 1, signal);
      }),
    );
    const sum = (of: readonly (SocketFuzz | undefined)[]): SocketFuzz => ({
      sessions: of.reduce((total, each) => total + (each?.sessions ?? 0), 0),
      octets: of.reduce((total, each) => total + (each?.octets ?? 0), 0),
    });
    const rtus = sum(mad.map(({ report }) => report));
    expect(masters[0]?.sessions).toBeGreaterThan(5 * SECONDS);
    expect(rtus.sessions).toBeGreaterThan(MAD_RTUS);
    await healthy.sawNothing(BOUND_MS);
    expect(mux.findLine({ level: 'error', reason: 'uncaught' })).toBeUndefined();
    // Whoever comes then is served.
    await mux.listening('1');
    console.log(JSON.stringify({ seconds: SECONDS, seed: SEED, masters: sum(masters), rtus }));
  },
  (SECONDS + 60) * 1_000,
);
