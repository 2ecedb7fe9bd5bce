import type { Clock } from '@iec104mm2ss/runtime';
import { type Journal, type JournalOptions } from '../bus.js';
import type { JournalFile } from './journal-file.js';

/** An entry with an id that was stored within this time is not stored again. */
const ID_REMEMBERED_MS = 120_000;

export interface JournalEntry {
  readonly group: string;
  readonly id: string;
  readonly entry: Uint8Array;
}

/** A journal in memory, bounded by entries and octets; with a file also there. */
export class MemoryJournal implements Journal {
  private entries: JournalEntry[] = [];
  private octets = 0;
  /** When an id was stored, oldest first. */
  private readonly ids = new Map<string, number>();
  private loaded: Promise<void> | undefined;

  /** @param publish gives an entry to those who subscribe to the journal's subject */
  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly options: JournalOptions,
    private readonly publish: (group: string, entry: Uint8Array) => void,
    private readonly file?: JournalFile,
  ) {}

  async append(group: string, id: string, entry: Uint8Array): Promise<void> {
    if (this.file !== undefined) await this.load(this.file);
    this.forgetIds();
    if (this.ids.has(id)) return;
    this.ids.set(id, this.clock.now());
    // Not entry.slice(): on a Node Buffer that would be a view.
    const kept = { group, id, entry: new Uint8Array(entry) };
    try {
      await this.file?.append(kept);
    } catch (error) {
      this.ids.delete(id);
      throw error;
    }
    this.keep(kept);
    this.publish(group, kept.entry);
  }

  async read(group: string | undefined, maxEntries: number): Promise<Uint8Array[]> {
    if (this.file !== undefined) await this.load(this.file);
    const wanted = group === undefined ? this.entries : this.entries.filter((each) => each.group === group);
    return wanted.slice(Math.max(0, wanted.length - maxEntries)).map(({ entry }) => entry);
  }

  /** Waits until what was appended is in the file. */
  async close(): Promise<void> {
    await this.file?.close();
  }

  /** What the file holds of earlier runs. */
  private load(file: JournalFile): Promise<void> {
    this.loaded ??= file.load().then((entries) => {
      for (const entry of entries) {
        this.keep(entry);
        this.ids.set(entry.id, this.clock.now());
      }
    });
    return this.loaded;
  }

  private keep(entry: JournalEntry): void {
    this.entries.push(entry);
    this.octets += entry.entry.length;
    const { maxEntries, maxOctets } = this.options;
    let gone = 0;
    while (this.entries.length - gone > maxEntries || this.octets > maxOctets) {
      this.octets -= (this.entries[gone] as JournalEntry).entry.length;
      gone++;
    }
    if (gone > 0) this.entries.splice(0, gone);
  }

  private forgetIds(): void {
    const limit = this.clock.now() - ID_REMEMBERED_MS;
    for (const [id, at] of this.ids) {
      if (at > limit) return;
      this.ids.delete(id);
    }
  }
}
