import { SENT_REMEMBERED_MS } from '@iec104mm2ss/wire';
import type { GivenCommand } from './command-book.ts';
import type { Violations } from './violations.ts';

/** Watches, at the RTU, who uses which OA: nobody takes one over while an answer to its last holder may still come. */
export class OriginatorAccount {
  /** By group, link and OA: an RTU answers over the link over which it was asked. */
  private readonly last = new Map<string, GivenCommand[]>();

  constructor(
    private readonly now: () => number,
    private readonly violations: Violations,
  ) {}

  used(group: string, link: string, oa: number, command: GivenCommand): void {
    const key = `${group}/${link}/${oa}`;
    const earlier = (this.last.get(key) ?? []).filter((other) => this.mayStillBeAnswered(other));
    const other = earlier.find(({ master, session }) => master !== command.master || session !== command.session);
    if (other !== undefined) {
      this.violations.add(
        'originator',
        `OA ${oa} of ${group}: c${command.id} of ${command.master} has it while c${other.id} of ${other.master} is not answered`,
      );
    }
    this.last.set(key, [...earlier, command]);
  }

  private mayStillBeAnswered({ arrivedAt, rtuAnswers }: GivenCommand): boolean {
    return rtuAnswers.length === 0 && this.now() - (arrivedAt.at(-1) ?? -Infinity) < SENT_REMEMBERED_MS;
  }
}
