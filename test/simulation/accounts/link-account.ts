import type { RtuLink } from '../actors/rtu-link.ts';
import type { Violations } from './violations.ts';

/** What was written before another link was started may still arrive for so long. */
const UNDER_WAY_MS = 500;

/** Watches, at the RTU, that the product uses one link at a time. */
export class LinkAccount {
  /** By group: the links, as they were started. */
  private readonly current = new Map<string, RtuLink>();

  constructor(
    private readonly now: () => number,
    private readonly violations: Violations,
  ) {}

  started(group: string, link: RtuLink): void {
    this.current.set(group, link);
  }

  /** An ASDU came over `link`, written at `writtenAt`. */
  used(group: string, link: RtuLink, writtenAt: number): void {
    const current = this.current.get(group);
    if (current === undefined || current === link || current.connection.closed) return;
    const startedAt = current.startedAt ?? this.now();
    if (link.startedAt !== undefined && link.startedAt > startedAt) return;
    if (writtenAt <= startedAt + UNDER_WAY_MS) return;
    this.violations.add(
      'link',
      `the RTU of ${group} gets an ASDU from ${link.peer} (link ${link.id}), written at ${writtenAt.toFixed(0)}, ` +
        `while ${current.peer} (link ${current.id}) is started since ${startedAt.toFixed(0)}`,
    );
  }
}
