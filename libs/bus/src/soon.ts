import type { Clock } from '@iec104mm2ss/runtime';

/** Does something soon, once for all who want it until then. */
export class Soon {
  private wanted = false;

  constructor(
    private readonly clock: Pick<Clock, 'soon'>,
    private readonly act: () => void,
  ) {}

  want(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.clock.soon(() => {
      this.wanted = false;
      this.act();
    });
  }
}
