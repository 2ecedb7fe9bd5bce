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
}

/** The groups that are in force in this process. Who needs them asks again each time: the list may become another one. */
export class LiveGroups {
  /** @param source undefined: they come from no file */
  constructor(
    private readonly groups: readonly GroupConfig[],
    readonly source?: ConfigurationSource,
  ) {}

  /** In the order of the file. */
  get current(): readonly GroupConfig[] {
    return this.groups;
  }

  get(id: string): GroupConfig | undefined {
    return this.groups.find((group) => group.id === id);
  }
}
