import { type Bus, BUS } from '@iec104mm2ss/bus';
import { checkHealth, type HealthReport, type HealthSource } from '@iec104mm2ss/observability';
import { Inject, Injectable } from '@nestjs/common';
import { PARTS } from '../core/parts.module.js';

/** How the parts of this process and its bus are. */
@Injectable()
export class Health {
  private readonly sources: readonly HealthSource[];

  constructor(@Inject(PARTS) parts: readonly HealthSource[], @Inject(BUS) bus: Pick<Bus, 'connected'>) {
    this.sources = [...parts, busHealth(bus)];
  }

  check(question: 'live' | 'ready'): HealthReport {
    return checkHealth(this.sources, question);
  }
}

function busHealth(bus: Pick<Bus, 'connected'>): HealthSource {
  return {
    name: 'bus',
    live: () => ({ ok: true }),
    ready: () => (bus.connected ? { ok: true } : { ok: false, reason: 'the bus is not connected' }),
  };
}
