import { readFileSync } from 'node:fs';

const ESTABLISHED = '01';

/**
 * Connections to a local TCP port that neither side has begun to close, as the kernel has it. A station learns of the end of one
 * connection and the beginning of the next in any order when both have come since it looked last.
 */
export function established(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['tcp', 'tcp6'].flatMap(connections).filter(([, at, , state]) => at?.endsWith(local) && state === ESTABLISHED)
    .length;
}

/** Columns of one of the kernel's tables: number, local address, remote address, state. */
function connections(table: string): string[][] {
  const lines = readFileSync(`/proc/self/net/${table}`, 'utf8').split('\n').slice(1);
  return lines.map((line) => line.trim().split(/\s+/));
}
