/** After so many questions in a row without an answer, or any other word, there is no connector to be counted on. */
const UNANSWERED = 3;

/**
 * Whether there is a connector that would take a command, as far as it shows when it is asked: a command that is not handed
 * over can be refused at once, of one that was lost with its connector nothing is known.
 */
export class ConnectorSigns {
  private unanswered = 0;

  /** It said something. */
  heard(): void {
    this.unanswered = 0;
  }

  /** @param nobody there is no process at all that would hear the question */
  notAnswered(nobody: boolean): void {
    this.unanswered = nobody ? UNANSWERED : this.unanswered + 1;
  }

  get gone(): boolean {
    return this.unanswered >= UNANSWERED;
  }
}
