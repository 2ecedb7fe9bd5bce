/** Outcome of one check; `reason` is for people and present when `ok` is false. */
export interface Check {
  readonly ok: boolean;
  readonly reason?: string;
}

/**
 * One part of the process that can be asked how it is. Both answers come from memory, at once: a probe must not wait.
 */
export interface HealthSource {
  /** Unique in the process: `connector`, `router`, `gateway`, `bus`. */
  readonly name: string;
  /** False means only a restart will help. An absent RTU, bus or master is no reason. */
  live(): Check;
  /** False means: do not send work here now. */
  ready(): Check;
}

export interface HealthReport {
  readonly status: 'ok' | 'failing';
  readonly checks: Readonly<Record<string, Check>>;
}

/** Asks every source; one that throws counts as failing, with its message as the reason. */
export function checkHealth(sources: readonly HealthSource[], question: 'live' | 'ready'): HealthReport {
  const checks = sources.map((source) => [source.name, ask(source, question)] as const);
  return { status: checks.every(([, check]) => check.ok) ? 'ok' : 'failing', checks: Object.fromEntries(checks) };
}

function ask(source: HealthSource, question: 'live' | 'ready'): Check {
  try {
    return source[question]();
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
