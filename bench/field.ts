/** The field a system is measured in: the two load processes, and sessions of masters with numbered runs of events. */
import { LoadProcess } from './control.ts';
import { cpuSeconds, machineCpuSeconds } from './proc.ts';
import { freePorts } from './programs.ts';
import type { System } from './systems/system.ts';

export const RTU_HOST = '127.0.0.2';

export interface Fault {
  where: string;
  what: string;
  count: number;
}

export class Field {
  readonly rtu = new LoadProcess('rtu', new URL('./rtu.ts', import.meta.url));
  readonly masters = new LoadProcess('masters', new URL('./masters.ts', import.meta.url));
  readonly faults: Fault[] = [];
  /** Percent of a core that other work took during each session: how much the figures can be trusted. */
  readonly otherCpu: { where: string; percent: number }[] = [];
  private run = 0;
  private where = '';

  /** Opens the RTU's listeners for so many groups; gives their ports. */
  async open(groups: number): Promise<number[]> {
    const ports = await freePorts(groups);
    await this.rtu.call('listen', { host: RTU_HOST, ports });
    return ports;
  }

  /** Connects and starts masters to each group of the system, does the work, stops them, and collects what went wrong. */
  async session<T>(where: string, system: System, mastersPerGroup: number, work: () => Promise<T>): Promise<T> {
    const targets = [];
    for (let group = 0; group < system.groups; group++) {
      for (let master = 0; master < mastersPerGroup; master++) targets.push(system.target(group, master));
    }
    this.where = where;
    const groups = { from: system.firstGroup, to: system.firstGroup + system.groups };
    try {
      await this.masters.call('connect', { targets, timeoutMs: 60_000 }, 70_000);
      const count = system.shared ? 1 : mastersPerGroup;
      await this.rtu.call('awaitStarted', { ...groups, count, timeoutMs: 20_000 });
      return await this.watchingOthers(work);
    } finally {
      await this.masters.call('disconnect');
      // The next session's STARTDT must not cross this one's STOPDT. Who never stops is only waited for.
      await this.rtu.call('awaitStarted', { ...groups, count: 0, timeoutMs: 3000 }).catch(() => {});
      await this.takeFaults();
    }
  }

  private async watchingOthers<T>(work: () => Promise<T>): Promise<T> {
    const others = (): number => machineCpuSeconds() - cpuSeconds([process.pid]);
    const from = others();
    const fromMs = performance.now();
    const result = await work();
    const seconds = (performance.now() - fromMs) / 1000;
    this.otherCpu.push({ where: this.where, percent: Math.max(0, ((others() - from) / seconds) * 100) });
    return result;
  }

  /** A run of events during the work: as fast as possible (`null`) or so many a second of all groups. All must arrive, in order. */
  async events<T>(system: System, perSecond: number | null, work: () => Promise<T>): Promise<T> {
    const run = this.run++;
    // Masters are connected to all groups of the system; so events come from all.
    const groups = { from: system.firstGroup, to: system.firstGroup + system.groups };
    await this.masters.call('expect', { run });
    await this.rtu.call('begin', { ...groups, run, perSecond });
    const result = await work();
    const streams = await this.rtu.call<{ sent: number; neverSent: number }[]>('end', { ...groups, timeoutMs: 5000 });
    await this.masters.call('drain', { sent: streams.map(({ sent }) => sent) });
    const neverSent = streams.reduce((sum, stream) => sum + stream.neverSent, 0);
    if (neverSent > 0) this.faults.push({ where: this.where, what: 'event still in the RTU', count: neverSent });
    return result;
  }

  private async takeFaults(): Promise<void> {
    for (const process_ of [this.rtu, this.masters]) {
      const taken = await process_.call<Record<string, number>>('takeFaults');
      for (const [what, count] of Object.entries(taken)) this.faults.push({ where: this.where, what, count });
    }
  }

  stop(): void {
    this.rtu.stop();
    this.masters.stop();
  }
}
