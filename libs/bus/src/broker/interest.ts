import type { Clock } from '@iec104mm2ss/runtime';
import type { Broker } from '../broker.js';

/** How long a found interest is believed, and how soon after "nobody" it is asked again. */
const INTERESTED_MS = 5_000;
export const NOBODY_MS = 1_000;

interface Answer {
  interested: boolean;
  until: number;
  asking: boolean;
}

/** Whether anybody subscribes to a family of subjects. Asking takes a while, so the last answer counts for some time. */
export class Interest {
  private readonly answers = new Map<string, Answer>();

  constructor(
    private readonly broker: Pick<Broker, 'probe'>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** The last answer for `pattern` (ending in `.>`), which may be a second old; true until there is one to go by. */
  has(pattern: string): boolean {
    let answer = this.answers.get(pattern);
    if (answer === undefined) {
      answer = { interested: true, until: -Infinity, asking: false };
      this.answers.set(pattern, answer);
    }
    if (answer.until > this.clock.now()) return answer.interested;
    if (!answer.asking) void this.ask(pattern, answer);
    return true;
  }

  private async ask(pattern: string, answer: Answer): Promise<void> {
    answer.asking = true;
    // Who cannot be asked may be interested.
    answer.interested = await this.broker.probe(pattern).catch(() => true);
    answer.until = this.clock.now() + (answer.interested ? INTERESTED_MS : NOBODY_MS);
    answer.asking = false;
  }
}
