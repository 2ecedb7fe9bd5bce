import type { Site, System } from './system.ts';

/** The master connected to the RTU itself: what all added latencies are added to. */
export function direct({ rtuHost, rtuPorts, firstGroup }: Site): System {
  return {
    name: 'direct',
    firstGroup,
    groups: rtuPorts.length,
    shared: false,
    target: (group) => ({ host: rtuHost, port: rtuPorts[group]! }),
    pids: [],
    stop: async () => {},
  };
}
