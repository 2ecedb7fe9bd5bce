import type { Fault } from '../scenario/scenario.ts';
import { sendForged, sendGarbage, spoilStored } from './garbage.ts';
import type { System } from './system.ts';

/** What was under way at a fault of the store may be lost with it. */
const STORE_LAG_MS = 3_000;

/** Makes faults of the bus and of its store happen, and mends them. */
export class BusFaultPlayer {
  constructor(private readonly system: System) {}

  play(fault: Fault): void {
    const { kind, target, ms, value, at } = fault;
    const { cluster, world } = this.system;
    if (cluster === undefined) return;
    // Nobody is to notice what nobody may believe.
    if (kind !== 'garbage' && kind !== 'forged') this.system.faults.begin(at, at + ms, kind, target);
    switch (kind) {
      case 'messages lost':
        cluster.losses.push({ part: target, probability: value, until: at + ms, to: undefined });
        break;
      case 'bus connection lost':
        cluster.disconnect(this.system.plan(target).address);
        break;
      case 'bus unreachable':
        for (const server of cluster.addresses)
          this.system.network.paths.between(this.system.plan(target).address, server).stalledUntil = at + ms;
        break;
      case 'bus server stops':
        cluster.stopServer(value);
        cluster.loseLeader(Math.min(ms, 1_000), true);
        world.after(ms, () => cluster.startServer(value));
        break;
      case 'bus leader lost':
        cluster.loseLeader(ms, value === 1);
        break;
      case 'disk slow':
        cluster.diskDelayMs = value;
        world.after(ms, () => (cluster.diskDelayMs = 0));
        break;
      case 'bus stops':
        this.stopServers(ms, () => undefined);
        break;
      case 'power lost':
        if (cluster.options.sync !== 'always') this.excuse();
        cluster.losePower();
        this.stopServers(ms, () => undefined);
        break;
      case 'store lost':
        this.excuse();
        this.excuseClocks(at, at + ms + STORE_LAG_MS);
        this.stopServers(ms, () => cluster.loseStore());
        break;
      case 'store restored':
        cluster.backUp();
        world.after(value, () => {
          this.system.tell(`${fault.id} the store of ${value} ms ago comes back`);
          this.excuse();
          this.stopServers(ms - value, () => void cluster.restore());
        });
        break;
      case 'garbage':
        sendGarbage(cluster, target);
        break;
      case 'forged':
        sendForged(cluster, target);
        break;
      case 'value spoilt':
        spoilStored(cluster, target, value);
        // Whether observe mode was in force nobody can read: a router that does not know begins in it.
        this.system.book.observe(target, true, false);
        break;
      default:
        throw new Error(`no such fault: ${kind}`);
    }
  }

  private stopServers(ms: number, whileDown: () => void): void {
    const { cluster, world } = this.system;
    cluster?.addresses.forEach((_, server) => cluster.stopServer(server));
    whileDown();
    world.after(ms, () => cluster?.addresses.forEach((_, server) => cluster.startServer(server)));
  }

  /** The store loses what it was given: what not everybody has got by then may be missing. */
  private excuse(): void {
    const { world, ledgers } = this.system;
    const mark = (): void => {
      for (const { entries } of ledgers.values())
        for (const entry of entries) if (entry.sends > 0) entry.excuse ??= 'the store was lost';
    };
    mark();
    world.after(STORE_LAG_MS, mark);
  }

  /**
   * A log that is lost with everything else is begun anew in a generation that is the time of day: a connector that takes over
   * just then, and whose clock is behind, begins one that is no later than the lost one.
   */
  private excuseClocks(from: number, until: number): void {
    const { scenario, ledgers } = this.system;
    for (const [group, ledger] of ledgers) {
      const clocks = scenario.processes.filter(({ groups }) => groups.includes(group)).map((each) => each.wallSkewMs);
      if (Math.max(...clocks) - Math.min(...clocks) > 0) ledger.excuseSentBetween(from, until);
    }
  }
}
