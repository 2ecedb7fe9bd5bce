import type { System } from '../systems/system.ts';

/** One system with so many masters, and what its runs gave. */
export interface Case<Run> {
  system: System;
  masters: number;
  runs: Run[];
}

/** Direct and haproxy with one master, the multiplexer with one and with five. */
export function casesOf<Run>(systems: System[]): Case<Run>[] {
  return systems.flatMap((system) =>
    (system.shared ? [1, 5] : [1]).map((masters) => ({ system, masters, runs: [] as Run[] })),
  );
}

export function find<Run>(cases: Case<Run>[], system: string, masters: number): Case<Run> | undefined {
  return cases.find((one) => one.system.name === system && one.masters === masters);
}

export function label({ system, masters }: { system: System; masters: number }): string {
  return `${system.name}, ${masters} master${masters > 1 ? 's' : ''}`;
}
