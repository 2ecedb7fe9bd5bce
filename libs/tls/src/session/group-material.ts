import type { TlsMaterial, TlsProfile } from '../types.js';
import type { TlsSettings } from './settings.js';

/** What one group has to do TLS with, by the files that are there now and by its row of the file. */
export class GroupMaterial {
  /** @param settings undefined: this process was told nothing of TLS */
  constructor(
    private readonly settings: TlsSettings | undefined,
    private readonly group: () => { readonly id: string; readonly tlsProfile: TlsProfile },
  ) {}

  /** Throws when there is nothing. */
  get(): TlsMaterial {
    if (this.settings === undefined) throw new Error('there are no certificates: --tls-dir is not given');
    const { id, tlsProfile } = this.group();
    return this.settings.store.material(id, tlsProfile);
  }

  /** Why nothing can be done with TLS; undefined: it can be tried. */
  get trouble(): string | undefined {
    try {
      this.get();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }
}
