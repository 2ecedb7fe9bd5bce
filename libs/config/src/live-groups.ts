import type { GroupConfig } from './types.js';

/** Injection token of LiveGroups. */
export const GROUPS = Symbol('GROUPS');

/** The groups that are in force in this process. Who needs them asks again each time: the list may become another one. */
export class LiveGroups {
  constructor(private groups: readonly GroupConfig[]) {}

  /** In the order of the file. */
  get current(): readonly GroupConfig[] {
    return this.groups;
  }

  /** Others are in force from now on. */
  set(groups: readonly GroupConfig[]): void {
    this.groups = groups;
  }

  get(id: string): GroupConfig | undefined {
    return this.groups.find((group) => group.id === id);
  }
}
