import { hostname } from 'node:os';
import { type Bus, BUS } from '@iec104mm2ss/bus';
import { ackPolicy, GROUPS, type LiveGroups } from '@iec104mm2ss/config';
import {
  type BusStatus,
  type GroupContribution,
  type Status,
  type StatusSource,
  troubleOf,
} from '@iec104mm2ss/observability';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { DurabilityWatch } from '../bus/durability-watch.js';
import { PARTS } from '../core/parts.module.js';
import { PROCESS, type ProcessInfo, PRODUCT } from '../core/process-info.js';
import { NtpClient } from '../ntp/index.js';
import { CONFIGURED, type Known } from './known.js';

type AskedBus = Pick<Bus, 'kind' | 'connected' | 'server' | 'outage' | 'storageTroubles'>;

/** What this process knows. All of it is asked each time; nothing is kept. */
@Injectable()
export class OwnStatus {
  constructor(
    @Inject(PROCESS) private readonly process: ProcessInfo,
    @Inject(BUS) private readonly bus: AskedBus,
    @Inject(GROUPS) private readonly groups: LiveGroups,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'clock' | 'instance'>,
    @Inject(PARTS) private readonly parts: readonly (StatusSource & { readonly name: string })[],
    @Inject(DurabilityWatch) private readonly durability: Pick<DurabilityWatch, 'status'>,
    @Inject(NtpClient) private readonly ntp: Pick<NtpClient, 'status'>,
  ) {}

  /** What `/status` says of the process that was asked. */
  head(): Omit<Status, 'scope' | 'processes' | 'configuration' | 'groups'> {
    const { clock } = this.runtime;
    const { release, parts, started } = this.process;
    return {
      version: 1,
      product: PRODUCT,
      release,
      startedAt: new Date(started.wallMs).toISOString(),
      uptimeSeconds: (clock.now() - started.now) / 1000,
      parts,
      bus: this.busStatus(),
      clock: { now: new Date(clock.wallMs()).toISOString(), ntp: this.ntp.status() },
    };
  }

  /** What it is, and what each of its parts knows of the groups. */
  async known(): Promise<Known> {
    const { release, parts, started } = this.process;
    const { source } = this.groups;
    const known = await Promise.all(this.parts.map(async (part) => ({ part: part.name, groups: await part.groups() })));
    return {
      process: {
        instance: this.runtime.instance,
        host: hostname(),
        parts,
        release,
        startedAt: started.wallMs,
        configuration: source ?? null,
        ntp: { ...this.ntp.status() },
      },
      known: [{ part: CONFIGURED, groups: this.configured() }, ...known],
    };
  }

  private busStatus(): BusStatus {
    const { kind, connected, server, outage } = this.bus;
    return {
      kind,
      connected,
      ...(server === undefined ? {} : { server }),
      ...(outage === undefined ? {} : { outage }),
      ...this.durability.status(),
    };
  }

  private configured(): GroupContribution[] {
    return this.groups.current.map((group) => ({
      id: group.id,
      name: group.name,
      port: group.port,
      rtuNumber: group.rtuNumber,
      ack: ackPolicy(group, this.bus.kind),
      interrogation: group.interrogation,
      trouble: this.bus.storageTroubles(group.id).map((trouble) => troubleOf(trouble.store, trouble)),
      log: { capacity: group.buffsize },
    }));
  }
}
