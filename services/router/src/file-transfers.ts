/** A file transfer without any ASDU for this long is over. */
export const FILE_TIMEOUT_MS = 60_000;

interface Transfer {
  readonly session: number;
  readonly ownOa: number;
  until: number;
}

const OBJECTS_PER_STATION = 0x1000000;

/**
 * Which session transfers which file (CA and IOA): the one that began, until nothing was heard of it for a minute or it
 * disconnects. Times in ms since 1970-01-01 UTC.
 */
export class FileTransfers {
  private readonly transfers = new Map<number, Transfer>();

  /** A file ASDU of a master. False when the file is another session's. */
  fromMaster(ca: number, ioa: number, session: number, ownOa: number, now: number): boolean {
    const transfer = this.transfers.get(key(ca, ioa));
    if (transfer !== undefined && transfer.session !== session && transfer.until > now) return false;
    this.transfers.set(key(ca, ioa), { session, ownOa, until: now + FILE_TIMEOUT_MS });
    return true;
  }

  /**
   * Who a file ASDU of the RTU is for: who transfers this file, else, for the directory, whose files have addresses of
   * their own, the only session that transfers anything from this station.
   */
  fromRtu(
    ca: number,
    ioa: number,
    isDirectory: boolean,
    now: number,
  ): { readonly session: number; readonly ownOa: number } | undefined {
    const exact = this.transfers.get(key(ca, ioa));
    const current = exact !== undefined && exact.until > now ? exact : undefined;
    const transfer = current ?? (isDirectory ? this.onlyOneAt(ca, now) : undefined);
    if (transfer !== undefined) transfer.until = now + FILE_TIMEOUT_MS;
    return transfer;
  }

  forget(session: number): void {
    for (const [file, transfer] of this.transfers) if (transfer.session === session) this.transfers.delete(file);
  }

  clear(): void {
    this.transfers.clear();
  }

  private onlyOneAt(ca: number, now: number): Transfer | undefined {
    let found: Transfer | undefined;
    for (const [file, transfer] of this.transfers) {
      if (transfer.until <= now) this.transfers.delete(file);
      else if (Math.floor(file / OBJECTS_PER_STATION) !== ca) continue;
      else if (found !== undefined && found.session !== transfer.session) return undefined;
      else found = transfer;
    }
    return found;
  }
}

function key(ca: number, ioa: number): number {
  return ca * OBJECTS_PER_STATION + ioa;
}
