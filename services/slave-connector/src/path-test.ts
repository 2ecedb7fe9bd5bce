import type { Link } from '@iec104mm2ss/iec104';
import type { RtuEnd } from '@iec104mm2ss/observability';
import type { CloseReason } from '@iec104mm2ss/transport';
import { PATH_TEST_MS } from '@iec104mm2ss/wire';

/** How often to look whether the RTU has answered a test, and to begin one if another was under way. */
const LOOK_MS = 100;

/** What is used of a connection. */
export interface TestedPath {
  readonly link: Pick<Link, 'read' | 'test'>;
  touched(): void;
}

interface Unproven {
  /** I-format APDUs sent on the link up to the command, itself included. */
  readonly count: number;
  readonly deadline: number;
}

/**
 * Sees to it that no command is executed long after its deadline because the path to the RTU was stuck: one that is not
 * known to have arrived at its deadline makes the link be tested, and a link that does not answer is thrown away with all that
 * is still in it. An RTU that merely acknowledges late answers the test.
 */
export class PathTest {
  /** Commands that are not known to have arrived, in the order in which they were sent. */
  private unproven: Unproven[] = [];
  /** While the link is tested: when it must have answered, and when to look at it again. */
  private answerBy = Infinity;
  private lookAt = Infinity;
  /** The first command that was unproven when the RTU was given until `answerBy`. */
  private suspect = 0;

  constructor(
    private readonly connection: TestedPath,
    private readonly reset: (reason: CloseReason<RtuEnd>) => void,
  ) {}

  /** The I-format APDU with this running number is a command. */
  sent(count: number, deadline: number): void {
    this.forgetArrived();
    this.unproven.push({ count, deadline });
  }

  nextDeadline(): number {
    if (this.lookAt !== Infinity) return Math.min(this.lookAt, this.answerBy);
    return this.unproven.reduce((earliest, { deadline }) => Math.min(earliest, deadline), Infinity);
  }

  /** @param mayUse false while nothing can be written: the test has to wait then */
  onDeadline(now: number, mayUse: boolean): void {
    if (this.nextDeadline() > now) return;
    this.forgetArrived();
    const late = this.unproven.filter(({ deadline }) => deadline <= now).length;
    if (late === 0) {
      this.answerBy = this.lookAt = Infinity;
      return;
    }
    this.lookAt = now + LOOK_MS;
    if (!mayUse) {
      this.answerBy = Infinity;
      return;
    }
    const [first] = this.unproven as [Unproven];
    if (this.answerBy === Infinity || this.suspect !== first.count) {
      this.answerBy = now + PATH_TEST_MS;
      this.suspect = first.count;
    }
    if (this.answerBy > now) {
      // Does nothing while an earlier test is under way: that one proves nothing of what was sent after it.
      this.connection.link.test(now);
      this.connection.touched();
      return;
    }
    this.unproven = [];
    this.answerBy = this.lookAt = Infinity;
    const what = late === 1 ? 'a command is' : `${late} commands are`;
    this.reset({ code: 'path_stuck', message: `${what} not known to have arrived, and the RTU answers no test` });
  }

  private forgetArrived(): void {
    const { read } = this.connection.link;
    const first = this.unproven.findIndex(({ count }) => count > read);
    if (first !== 0) this.unproven.splice(0, first === -1 ? this.unproven.length : first);
  }
}
