/** What the kernel says about processes: CPU time and resident memory, of a process and all its descendants. */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: what /proc counts CPU time in. 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** TCP_LISTEN in /proc/net/tcp. */
const LISTEN = '0A';

function stat(pid: number): { parent: number; ticks: number } | null {
  try {
    // The command name may hold spaces and brackets: fields are counted from the last bracket.
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return null;
  }
}

/** The processes and everything they started: a command may be a script that runs the program as its child. */
export function withDescendants(pids: number[]): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = stat(pid)?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = pids.filter((pid) => stat(pid) !== null);
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i]!) ?? []));
  return found;
}

/** Seconds of CPU time, user and system, used so far. */
export function cpuSeconds(pids: number[]): number {
  return withDescendants(pids).reduce((sum, pid) => sum + (stat(pid)?.ticks ?? 0), 0) / TICKS_PER_SECOND;
}

/** Ports that somebody listens on, at any address. */
export function listeningPorts(): Set<number> {
  const ports = new Set<number>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(file, 'latin1').split('\n').slice(1)) {
      const [, local, , state] = line.trim().split(/\s+/);
      if (state === LISTEN) ports.add(parseInt(local!.slice(local!.lastIndexOf(':') + 1), 16));
    }
  }
  return ports;
}

/** Seconds of CPU time all of this machine used so far, with what its hypervisor took away. */
export function machineCpuSeconds(): number {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'latin1')
    .split('\n', 1)[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user! + nice! + system! + irq! + softirq! + steal!) / TICKS_PER_SECOND;
}

export function residentMegabytes(pids: number[]): number {
  let kilobytes = 0;
  for (const pid of withDescendants(pids)) {
    try {
      kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
    } catch {
      // It ended meanwhile.
    }
  }
  return kilobytes / 1024;
}
