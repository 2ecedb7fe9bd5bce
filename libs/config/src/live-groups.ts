import type { GroupConfig } from './types.js';

/** Injection token of LiveGroups. */
export const GROUPS = Symbol('GROUPS');

/** The file that the groups in force come from. */
export interface ConfigurationSource {
  /** See `digestOf`. */
  readonly digest: string;
  readonly file: string;
  /** When it was put into force, ms since 1970-01-01 UTC. */
  readonly loadedAt: number;
  /** Why the file, as it is now, is not in force; null: it is. */
  readonly refused: string | null;
}

/** The groups that are in force in this process. Who needs them asks again each time: the list may become another one. */
export class LiveGroups {
  constructor(
    private groups: readonly GroupConfig[],
    private from?: ConfigurationSource,
  ) {}

  /** The file that they come from; undefined: none. */
  get source(): ConfigurationSource | undefined {
    return this.from;
  }

  /** In the order of the file. */
  get current(): readonly GroupConfig[] {
    return this.groups;
  }

  /** Others are in force from now on. */
  set(groups: readonly GroupConfig[], source: ConfigurationSource): void {
    this.groups = groups;
    this.from = source;
  }

  /** Says why the file, as it is now, is not in force; null: it is. */
  refused(reason: string | null): void {
    if (this.from !== undefined) this.from = { ...this.from, refused: reason };
  }

  get(id: string): GroupConfig | undefined {
    return this.groups.find((group) => group.id === id);
  }
}
