import type { KeyValue } from '@iec104mm2ss/bus';
import { type Logger, noPeer } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';
import { decodeKeptState, encodeKeptState, type SavedObserve, WireError } from '@iec104mm2ss/wire';

/**
 * Observe mode of a group where there is no server: alone of all that a router saves it outlives the process, as what somebody
 * froze is not to be writable because a process was started anew.
 */
export class KeptObserve {
  /** What was given to be stored last; undefined: nothing, or it was not stored. */
  private wanted: string | undefined;
  /** The last one was not stored. */
  failed = false;

  constructor(
    private readonly bucket: Pick<KeyValue, 'get' | 'put' | 'delete'>,
    private readonly key: string,
    private readonly logger: Logger,
    private readonly clock: Pick<Clock, 'wallMs'>,
  ) {}

  /** What an earlier process left. Where that cannot be read it was on: it may have been, and an operator can end it. */
  async load(): Promise<SavedObserve | undefined> {
    try {
      const value = await this.bucket.get(this.key);
      const state = value === undefined ? {} : decodeKeptState(value);
      if (state instanceof WireError) throw state;
      this.wanted = textOf(state.observe);
      return state.observe;
    } catch (error) {
      const reason = 'whether it was in force before cannot be read';
      this.logger.error(noPeer({ reason: (error as Error).message, key: this.key }), `observe mode: ${reason}`);
      return observedFor(reason, this.clock);
    }
  }

  /** Resolves when it is on the disk. */
  async save(observe: SavedObserve | undefined): Promise<void> {
    const text = textOf(observe);
    if (text === this.wanted) return;
    this.wanted = text;
    try {
      if (observe === undefined) await this.bucket.delete(this.key);
      else await this.bucket.put(this.key, encodeKeptState({ observe }));
      this.failed = false;
    } catch (error) {
      this.wanted = undefined;
      this.failed = true;
      throw error;
    }
  }
}

/** As an operator would have ordered it: one ends it. */
export const observedFor = (reason: string, clock: Pick<Clock, 'wallMs'>): SavedObserve => ({
  since: clock.wallMs(),
  reason,
  by: 'operator',
});

const textOf = (observe: SavedObserve | undefined): string => JSON.stringify(observe ?? null);
