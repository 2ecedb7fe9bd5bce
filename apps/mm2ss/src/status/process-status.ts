import { type Bus, BUS } from '@iec104mm2ss/bus';
import { ackPolicy, GROUPS, type LiveGroups } from '@iec104mm2ss/config';
import {
  type BusStatus,
  type GroupContribution,
  mergeStatus,
  type Status,
  type StatusSource,
} from '@iec104mm2ss/observability';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { DurabilityWatch } from '../bus/durability-watch.js';
import { PARTS } from '../core/parts.module.js';
import { PROCESS, type ProcessInfo, PRODUCT } from '../core/process-info.js';
import { NtpClient } from '../ntp/index.js';

type AskedBus = Pick<Bus, 'kind' | 'connected' | 'server'>;

/** What this process knows. All of it is asked each time; nothing is kept. */
@Injectable()
export class ProcessStatus {
  constructor(
    @Inject(PROCESS) private readonly process: ProcessInfo,
    @Inject(BUS) private readonly bus: AskedBus,
    @Inject(GROUPS) private readonly groups: LiveGroups,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'clock'>,
    @Inject(PARTS) private readonly parts: readonly StatusSource[],
    @Inject(DurabilityWatch) private readonly durability: Pick<DurabilityWatch, 'status'>,
    @Inject(NtpClient) private readonly ntp: Pick<NtpClient, 'status'>,
  ) {}

  /** `GET /status`. */
  async read(): Promise<Status> {
    const { clock } = this.runtime;
    const { release, parts, started } = this.process;
    const contributions = await Promise.all(this.parts.map(async (part) => part.groups()));
    return {
      version: 1,
      product: PRODUCT,
      release,
      startedAt: new Date(started.wallMs).toISOString(),
      uptimeSeconds: (clock.now() - started.now) / 1000,
      parts,
      bus: this.busStatus(),
      clock: { now: new Date(clock.wallMs()).toISOString(), ntp: this.ntp.status() },
      // The configuration first: it decides their order.
      groups: mergeStatus([this.configured(), ...contributions]),
    };
  }

  private busStatus(): BusStatus {
    const { kind, connected, server } = this.bus;
    return { kind, connected, ...(server === undefined ? {} : { server }), ...this.durability.status() };
  }

  private configured(): GroupContribution[] {
    return this.groups.current.map((group) => ({
      id: group.id,
      name: group.name,
      port: group.port,
      rtuNumber: group.rtuNumber,
      ack: ackPolicy(group, this.bus.kind),
      interrogation: group.interrogation,
      log: { capacity: group.buffsize },
    }));
  }
}
