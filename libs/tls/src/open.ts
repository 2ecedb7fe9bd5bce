import type { TlsStoreOptions } from './store/directory-store.js';
import type { TlsStore } from './types.js';

export type { TlsStoreOptions } from './store/directory-store.js';

/** A store whose files are looked at until it is stopped. */
export interface OpenTlsStore extends TlsStore {
  stop(): void;
}

/**
 * Opens the store of a folder; see TlsStore. Files that are at fault are no error here: `material` says so for the groups that
 * need them. What reads certificates is loaded now, not before: a process without TLS has no use for it.
 */
export async function openTlsStore(options: TlsStoreOptions): Promise<OpenTlsStore> {
  const { DirectoryTlsStore } = await import('./store/directory-store.js');
  return await DirectoryTlsStore.open(options);
}
