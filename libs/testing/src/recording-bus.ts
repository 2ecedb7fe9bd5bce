import { MemoryBus } from '@iec104mm2ss/bus';

export interface Recorded {
  readonly subject: string;
  readonly data: Uint8Array;
}

/** A memory bus that remembers, in order, everything published on it. */
export class RecordingBus extends MemoryBus {
  private recorded: Recorded[] = [];

  override publish(subject: string, data: Uint8Array): void {
    this.recorded.push({ subject, data });
    super.publish(subject, data);
  }

  /** What was published since it was last asked, all or on one subject; that is forgotten then. */
  take(subject?: string): Recorded[] {
    const taken = this.recorded.filter((message) => subject === undefined || message.subject === subject);
    this.recorded = this.recorded.filter((message) => !taken.includes(message));
    return taken;
  }
}
