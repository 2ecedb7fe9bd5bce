/**
 * Which cores run what. Left alone (`free`), the scheduler puts two processes that wake each other on one core or on two, and
 * changes its mind between runs; where waking an idle core is slow, as on virtual machines, that is a factor of two and more.
 */
import { execFileSync } from 'node:child_process';
import os from 'node:os';

export const PLACEMENTS = ['free', 'together', 'apart'] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** Moves a process with all its threads; what it starts later follows. */
export function place(placement: Placement, role: 'load' | 'system', pid: number): void {
  if (placement === 'free') return;
  const last = os.availableParallelism() - 1;
  const cores = placement === 'together' || role === 'load' || last === 0 ? '0' : `1-${last}`;
  execFileSync('taskset', ['-acp', cores, String(pid)]);
}
