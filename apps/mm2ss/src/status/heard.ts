import type { GatewayStatus, GroupStatus, NtpStatus, ProcessStatus, ServedBy } from '@iec104mm2ss/observability';
import { CONFIGURED, type Known } from './known.js';

/** How long a process that does not answer any more is spoken of. */
export const REMEMBERED_MS = 120_000;
/** One that has not answered so often is not waited for. */
const MISSED = 2;
/** Parts that each group has exactly one of. */
const SINGLE_PARTS = ['connector', 'router'] as const;

interface Heard {
  readonly known: Known;
  /** By the monotonic clock, and by the wall clock in ms. */
  readonly at: number;
  readonly wallMs: number;
  /** How often it was asked since, and did not answer. */
  missed: number;
}

/** Who was heard, when, and what he served then. */
export class HeardProcesses {
  private readonly processes = new Map<string, Heard>();
  /** Who served a group last, by `part group`. */
  private readonly last = new Map<string, { readonly instance: string; readonly wallMs: number }>();

  /** Instances that are expected to answer. */
  expected(now: number): Set<string> {
    for (const [instance, { at }] of this.processes) if (now - at > REMEMBERED_MS) this.forget(instance);
    return new Set([...this.processes].filter(([, { missed }]) => missed < MISSED).map(([instance]) => instance));
  }

  /** All have been asked, and these have answered. */
  asked(answers: readonly Known[]): void {
    const answered = new Set(answers.map(({ process }) => process.instance));
    for (const [instance, heard] of this.processes) {
      if (answered.has(instance)) continue;
      heard.missed++;
      if (answers.some(({ process }) => isSuccessor(process, heard))) this.forget(instance);
    }
  }

  add(known: Known, now: number, wallMs: number): void {
    const { instance } = known.process;
    this.processes.set(instance, { known, at: now, wallMs, missed: 0 });
    for (const part of SINGLE_PARTS) {
      for (const group of servedIn(known, part)) this.last.set(`${part} ${group}`, { instance, wallMs });
    }
  }

  /** It ended as it was told to. */
  forget(instance: string): void {
    this.processes.delete(instance);
    for (const [key, server] of this.last) if (server.instance === instance) this.last.delete(key);
  }

  /** All of them, `own` first. @param answers those that came now */
  list(answers: readonly Known[], own: string): ProcessStatus[] {
    const answered = new Set(answers.map(({ process }) => process.instance));
    return Array.from(this.processes.values(), ({ known, wallMs }) =>
      processStatus(known, !answered.has(known.process.instance), wallMs),
    ).sort((a, b) => Number(b.instance === own) - Number(a.instance === own) || a.instance.localeCompare(b.instance));
  }

  /** Who serves each group, or did last. @param answers those that came now */
  servers(answers: readonly Known[]): (group: string) => NonNullable<GroupStatus['servedBy']> {
    const answered = new Set(answers.map(({ process }) => process.instance));
    const serving = new Set(
      answers.flatMap((known) =>
        SINGLE_PARTS.flatMap((part) => servedIn(known, part).map((id) => `${part} ${id} ${known.process.instance}`)),
      ),
    );
    const of = (part: string, group: string): ServedBy | null => {
      const server = this.last.get(`${part} ${group}`);
      if (server === undefined) return null;
      const { instance, wallMs } = server;
      const silent = !answered.has(instance);
      // It answers, and serves the group no longer.
      if (!silent && !serving.has(`${part} ${group} ${instance}`)) return null;
      return { instance, silent, lastHeardAt: new Date(wallMs).toISOString() };
    };
    return (group) => ({ connector: of('connector', group), router: of('router', group) });
  }

  /** The gateways of each group, or those that were it when they were heard last. @param answers those that came now */
  gateways(answers: readonly Known[]): ReadonlyMap<string, GatewayStatus[]> {
    const answered = new Set(answers.map(({ process }) => process.instance));
    const byGroup = new Map<string, GatewayStatus[]>();
    for (const [instance, { known, wallMs }] of this.processes) {
      const silent = !answered.has(instance);
      const lastHeardAt = new Date(wallMs).toISOString();
      for (const { id, listener } of known.known
        .filter(({ part }) => part === 'gateway')
        .flatMap(({ groups }) => groups)) {
        const { open = null, addresses = [] } = listener ?? {};
        const gateway = { instance, silent, lastHeardAt, open: silent ? null : open, addresses };
        byGroup.set(id, [...(byGroup.get(id) ?? []), gateway]);
      }
    }
    return byGroup;
  }
}

export function processStatus({ process, known }: Known, silent: boolean, wallMs: number): ProcessStatus {
  const { configuration, startedAt, ntp, ...others } = process;
  return {
    ...others,
    startedAt: new Date(startedAt).toISOString(),
    configuration:
      configuration === null ? null : { ...configuration, loadedAt: new Date(configuration.loadedAt).toISOString() },
    serves: Object.fromEntries(
      known.filter(({ part }) => part !== CONFIGURED).map(({ part, groups }) => [part, groups.map(({ id }) => id)]),
    ),
    // What is not checked is only shown.
    ntp: ntp as NtpStatus | null,
    silent,
    lastHeardAt: new Date(wallMs).toISOString(),
  };
}

/** Started on the same host with the same parts, after the other one was heard last. */
function isSuccessor({ host, parts, startedAt }: Known['process'], { known, wallMs }: Heard): boolean {
  const before = known.process;
  return host === before.host && parts.join() === before.parts.join() && startedAt > wallMs;
}

function servedIn({ known }: Known, part: string): string[] {
  return known.filter((each) => each.part === part).flatMap(({ groups }) => groups.map(({ id }) => id));
}
