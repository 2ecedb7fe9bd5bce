import type { Cutting, Path } from '../network/paths.ts';
import type { Fault } from '../scenario/scenario.ts';
import { sendForged, sendGarbage, spoilStored } from './garbage.ts';
import { rtuAddress, type System } from './system.ts';

/** What was under way at a fault of the store may be lost with it. */
const STORE_LAG_MS = 3_000;
const OCTETS = 1;

/** Makes faults happen, and mends them. */
export class FaultPlayer {
  constructor(private readonly system: System) {}

  schedule(faults: readonly Fault[]): void {
    for (const fault of faults) this.system.world.at(fault.at, () => this.play(fault));
  }

  private play(fault: Fault): void {
    const { kind, target, ms, value } = fault;
    this.system.tell(
      `${fault.id} ${kind} ${target}${ms > 0 ? ` for ${ms} ms` : ''}${value === 0 ? '' : ` (${value})`}`,
    );
    const { at } = fault;
    switch (kind) {
      case 'crash':
        return this.crash(target, ms, () => this.processOf(target)?.crash());
      case 'crash in a step':
        return this.crash(target, ms, () => this.processOf(target)?.crashAfter(value));
      case 'machine lost':
        return this.loseMachine(target, ms);
      case 'restart':
        return this.restart(target, ms);
      case 'pause':
        return this.pause(target, ms);
      case 'slow':
        return this.slow(target, ms, value);
      case 'clock step': {
        const process = this.processOf(target);
        if (process !== undefined) process.wallSkewMs += value;
        return;
      }
      case 'rtu path stalled':
        return this.stall(this.rtuPaths(target), ms, kind, target);
      case 'rtu path reset':
        this.trouble(kind, target, at, at);
        for (const address of this.system.connectorsOf(target))
          this.system.network.resetBetween(address, rtuAddress(target));
        return;
      case 'rtu path in octets':
        return this.cut(this.rtuPaths(target), ms, value === OCTETS ? 'octets' : 'pieces');
      case 'rtu reboots':
        return this.rebootRtu(target, ms, false);
      case 'rtu lost':
        return this.rebootRtu(target, ms, true);
      case 'rtu closes':
        this.trouble(kind, target, at, at);
        this.system.rtus.get(target)?.closeAll();
        return;
      case 'master path stalled':
        return this.stall(this.masterPaths(target), ms, kind, target);
      case 'master path in octets':
        return this.cut(this.masterPaths(target), ms, value === OCTETS ? 'octets' : 'pieces');
      case 'master lost':
        return this.loseMaster(target, ms);
      default:
        return this.playOnBus(fault);
    }
  }

  private playOnBus(fault: Fault): void {
    const { kind, target, ms, value, at } = fault;
    const { cluster, world } = this.system;
    if (cluster === undefined) return;
    this.trouble(kind, target, at, at + ms);
    switch (kind) {
      case 'messages lost':
        cluster.losses.push({ part: target, probability: value, until: at + ms, to: undefined });
        break;
      case 'bus connection lost':
        cluster.disconnect(this.system.plan(target).address);
        break;
      case 'bus unreachable':
        for (const server of cluster.addresses)
          this.path(this.system.plan(target).address, server).stalledUntil = at + ms;
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
        break;
      default:
        throw new Error(`no such fault: ${kind}`);
    }
  }

  // ---- processes ----------------------------------------------------------------------------------------------------

  private crash(id: string, ms: number, crash: () => void): void {
    const { world } = this.system;
    this.processTrouble(id, 'crashed', world.time, world.time + ms);
    this.excuseMemory(id);
    crash();
    world.after(ms, () => {
      const product = this.system.products.get(id);
      // It may not have come to the step yet.
      product?.process.crash();
      this.excuseMemory(id);
      this.begin(id);
    });
  }

  private loseMachine(id: string, ms: number): void {
    const { world, network } = this.system;
    const { address } = this.system.plan(id);
    this.processTrouble(id, 'crashed', world.time, world.time + ms);
    this.excuseMemory(id);
    network.paths.setDown(address, true);
    this.processOf(id)?.crash(true);
    world.after(ms, () => {
      network.paths.setDown(address, false);
      this.begin(id);
    });
  }

  private restart(id: string, ms: number): void {
    const { world } = this.system;
    const product = this.system.products.get(id);
    this.processTrouble(id, 'restarted', world.time, world.time + ms);
    product?.stop();
    const begin = (): void => {
      this.excuseMemory(id);
      product?.process.crash();
      this.begin(id);
    };
    // Kubernetes waits for half a minute; here it is killed when it takes longer.
    const look = (left: number): void => {
      if (product?.stopped !== false || left <= 0) begin();
      else world.after(100, () => look(left - 100));
    };
    world.after(ms, () => look(10_000));
  }

  private begin(id: string): void {
    this.system.tell(`${id} is started again`);
    this.system.startProduct(id);
  }

  private pause(id: string, ms: number): void {
    const { world } = this.system;
    const process = this.processOf(id);
    this.processTrouble(id, 'paused', world.time, world.time + ms);
    process?.pause();
    world.after(ms, () => {
      this.system.tell(`${id} goes on`);
      process?.resume();
    });
  }

  private slow(id: string, ms: number, slownessMs: number): void {
    const { world } = this.system;
    const process = this.processOf(id);
    if (process === undefined) return;
    this.processTrouble(id, 'slow', world.time, world.time + ms);
    process.slownessMs = slownessMs;
    world.after(ms, () => (process.slownessMs = 0));
  }

  private processOf(id: string) {
    return this.system.products.get(id)?.process;
  }

  private processTrouble(id: string, what: string, from: number, until: number): void {
    for (const part of this.system.plan(id).parts) this.trouble(`${part} ${what}`, id, from, until);
  }

  // ---- RTUs, masters and ways ---------------------------------------------------------------------------------------

  private rebootRtu(group: string, ms: number, silently: boolean): void {
    const { world, network, rtuProcesses, rtus, ledgers } = this.system;
    this.trouble(silently ? 'rtu lost' : 'rtu reboots', group, world.time, world.time + ms);
    const address = rtuAddress(group);
    if (silently) network.paths.setDown(address, true);
    rtuProcesses.get(group)?.crash(silently);
    rtus.get(group)?.forget();
    for (const entry of ledgers.get(group)?.entries ?? []) if (entry.acknowledgedAt === undefined) entry.givenUp = true;
    world.after(ms, () => {
      if (silently) network.paths.setDown(address, false);
      this.system.startRtu(group);
    });
  }

  private loseMaster(id: string, ms: number): void {
    const { world, network, masters } = this.system;
    const master = masters.get(id);
    if (master === undefined) return;
    this.trouble('master lost', id, world.time, world.time + ms);
    network.paths.setDown(master.process.address, true);
    master.vanish();
    world.after(ms, () => {
      network.paths.setDown(master.process.address, false);
      master.comeBack();
    });
  }

  private rtuPaths(group: string): Path[] {
    return this.system.connectorsOf(group).map((address) => this.path(address, rtuAddress(group)));
  }

  private masterPaths(id: string): Path[] {
    const address = this.system.masters.get(id)?.process.address ?? '';
    return this.system.gatewayAddresses.map((gateway) => this.path(gateway, address));
  }

  private path(a: string, b: string): Path {
    return this.system.network.paths.between(a, b);
  }

  private stall(paths: readonly Path[], ms: number, kind: string, target: string): void {
    const { time } = this.system.world;
    this.trouble(kind, target, time, time + ms);
    for (const path of paths) path.stalledUntil = time + ms;
  }

  private cut(paths: readonly Path[], ms: number, cutting: Cutting): void {
    for (const path of paths) path.cutting = cutting;
    this.system.world.after(ms, () => {
      for (const path of paths) path.cutting = 'whole';
    });
  }

  // ---- the bus ------------------------------------------------------------------------------------------------------

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

  /**
   * One process keeps everything in memory: with it ends what it called stored, what it acknowledged because t1 was near, and
   * where its named masters were.
   */
  private excuseMemory(id: string): void {
    const { scenario, ledgers } = this.system;
    if (scenario.shape !== 'one' || !this.system.plan(id).parts.includes('connector')) return;
    for (const [group, { entries }] of ledgers) {
      const config = scenario.groups.find((plan) => plan.id === group)?.config;
      for (const entry of entries) {
        const heldMs = (entry.acknowledgedAt ?? Infinity) - entry.sentAt;
        const isForced = heldMs >= (config?.link.t1Ms ?? 0) - 2_000;
        if (isForced || config?.ack === 'stored') entry.excuse ??= 'kept in memory only';
      }
    }
    this.system.forgetCursors();
  }

  private trouble(kind: string, target: string, from: number, until: number): void {
    this.system.faults.begin(from, until, kind, target);
  }
}
