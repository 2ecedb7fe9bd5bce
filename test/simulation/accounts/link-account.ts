import { AsduView } from '@iec104mm2ss/iec104';
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
  used(group: string, link: RtuLink, asdu: Uint8Array, writtenAt: number): void {
    link.usedAt = this.now();
    const current = this.current.get(group);
    if (current === undefined || current === link || current.connection.closed) return;
    const startedAt = current.startedAt ?? this.now();
    if (link.startedAt !== undefined && link.startedAt > startedAt) return;
    if (writtenAt <= startedAt + UNDER_WAY_MS) return;
    const view = new AsduView(asdu);
    this.violations.add(
      'link',
      `the RTU of ${group} gets type ${view.typeId} from ${link.peer} (link ${link.id}), written at ${writtenAt.toFixed(0)}, ` +
        `while ${current.peer} (link ${current.id}) is started since ${startedAt.toFixed(0)}`,
    );
  }
}
