import { changedColumns, groupChanges } from '@iec104mm2ss/config';
import { RECONFIGURED } from '../accounts/faults-log.ts';
import type { Cutting, Path } from '../network/paths.ts';
import type { Fault } from '../scenario/scenario.ts';
import { BusFaultPlayer } from './bus-fault-player.ts';
import { changed, changedLive } from './reconfiguration.ts';
import { rtuAddress, type System } from './system.ts';

const OCTETS = 1;
const RESTART_MS = 300;
/** Configurations are applied live from this number of a fault on, so many one after the other. */
const LIVE_FROM = 8;
const LIVE_CHANGES = 3;
/** In which all processes have found a new file. */
const POLL_MS = 2_500;

/** Makes faults happen, and mends them. */
export class FaultPlayer {
  private readonly onBus: BusFaultPlayer;

  constructor(private readonly system: System) {
    this.onBus = new BusFaultPlayer(system);
  }

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
      case 'configuration':
        return this.reconfigure(fault);
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
        return this.onBus.play(fault);
    }
  }

  // ---- processes ----------------------------------------------------------------------------------------------------

  private crash(id: string, ms: number, crash: () => void): void {
    const { world } = this.system;
    const again = this.startLater(id);
    this.processTrouble(id, 'crashed', world.time, world.time + ms);
    this.excuseMemory(id);
    crash();
    world.after(ms, again);
  }

  private loseMachine(id: string, ms: number): void {
    const { world, network } = this.system;
    const { address } = this.system.plan(id);
    const again = this.startLater(id);
    this.processTrouble(id, 'crashed', world.time, world.time + ms);
    this.excuseMemory(id);
    network.paths.setDown(address, true);
    this.processOf(id)?.crash(true);
    world.after(ms, () => {
      network.paths.setDown(address, false);
      again();
    });
  }

  private restart(id: string, ms: number): void {
    const { world } = this.system;
    const product = this.system.products.get(id);
    const again = this.startLater(id);
    this.processTrouble(id, 'restarted', world.time, world.time + ms);
    product?.stop();
    // Kubernetes waits for half a minute; here it is killed when it takes longer.
    const look = (left: number): void => {
      if (product?.stopped !== false || product.process.dead || left <= 0) again();
      else world.after(100, () => look(left - 100));
    };
    world.after(ms, () => look(10_000));
  }

  /** Another file: the processes are restarted with it, one after the other, or find out while they run. */
  private reconfigure({ target, ms, value }: Fault): void {
    const { scenario, world, configs } = this.system;
    if (value >= LIVE_FROM) {
      for (let i = 0; i < LIVE_CHANGES; i++) {
        world.after((i * ms) / LIVE_CHANGES, () => this.applyLive(target, ms / LIVE_CHANGES, value * (i + 1)));
      }
      return;
    }
    this.system.configs = changed(configs, target, value);
    const pauseMs = ms / scenario.processes.length;
    scenario.processes.forEach(({ id }, index) => world.after(index * pauseMs, () => this.restart(id, RESTART_MS)));
  }

  /** Every process reads the new file when it looks at it next. */
  private applyLive(group: string, ms: number, value: number): void {
    const { scenario, world, products } = this.system;
    const before = this.system.configs;
    const after = changedLive(before, group, value);
    this.system.configs = after;
    const { changed: changes } = groupChanges(before, after);
    for (const { after: row, effect } of changes) {
      if (effect !== 'live') this.trouble(RECONFIGURED, row.id, world.time, world.time + ms);
    }
    const columns = changes.map((change) => `${change.after.id} ${changedColumns(change).join()} (${change.effect})`);
    this.system.tell(`new file: ${columns.join('; ') || 'a group more or less'}`);
    const pauseMs = Math.min(POLL_MS, ms) / scenario.processes.length;
    scenario.processes.forEach(({ id }, index) => world.after(index * pauseMs, () => products.get(id)?.apply(after)));
  }

  /** What starts this process again, unless that has happened because of another fault. */
  private startLater(id: string): () => void {
    const product = this.system.products.get(id);
    return () => {
      if (this.system.products.get(id) !== product) return;
      // It may not have come yet to the step in which it crashes.
      product?.process.crash();
      this.excuseMemory(id);
      this.system.tell(`${id} is started again`);
      this.system.startProduct(id);
    };
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

  // ---- what is excused ------------------------------------------------------------------------------------------

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
