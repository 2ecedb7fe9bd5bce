import { type Bus, BUS, isLogStream } from '@iec104mm2ss/bus';
import { checkHealth, type HealthReport, type HealthSource } from '@iec104mm2ss/observability';
import { Inject, Injectable } from '@nestjs/common';
import { PARTS } from '../core/parts.module.js';

type AskedBus = Pick<Bus, 'connected' | 'outage' | 'storageTroubles'>;

/** Those that need what is stored on the server for whatever they do. A gateway goes on with the masters that it has. */
const STORING = ['connector', 'router'];

/** How the parts of this process and its bus are. */
@Injectable()
export class Health {
  private readonly sources: readonly HealthSource[];

  constructor(@Inject(PARTS) parts: readonly HealthSource[], @Inject(BUS) bus: AskedBus) {
    this.sources = [
      ...parts,
      busHealth(
        bus,
        parts.some(({ name }) => STORING.includes(name)),
      ),
    ];
  }

  check(question: 'live' | 'ready'): HealthReport {
    return checkHealth(this.sources, question);
  }
}

function busHealth(bus: AskedBus, stores: boolean): HealthSource {
  return {
    name: 'bus',
    live: () => ({ ok: true }),
    ready: () => {
      const { connected, outage } = bus;
      if (!connected)
        return { ok: false, reason: `the bus is not connected${outage === undefined ? '' : `: ${outage}`}` };
      // The log of one group is no reason to take work from all.
      const trouble = stores ? bus.storageTroubles().find(({ store }) => !isLogStream(store)) : undefined;
      return trouble === undefined ? { ok: true } : { ok: false, reason: `${trouble.store}: ${trouble.reason}` };
    },
  };
}
