/** A file transfer without any ASDU for this long is over. */
export const FILE_TIMEOUT_MS = 60_000;

/**
 * Which session transfers which file (CA and IOA): the one that began, until nothing was heard of it for a minute or it
 * disconnects. Times in ms since 1970-01-01 UTC.
 */
export class FileTransfers {
  private readonly transfers = new Map<number, { readonly session: number; readonly ownOa: number; until: number }>();

  /** A file ASDU of a master. False when the file is another session's. */
  fromMaster(ca: number, ioa: number, session: number, ownOa: number, now: number): boolean {
    const transfer = this.transfers.get(key(ca, ioa));
    if (transfer !== undefined && transfer.session !== session && transfer.until > now) return false;
    this.transfers.set(key(ca, ioa), { session, ownOa, until: now + FILE_TIMEOUT_MS });
    return true;
  }

  /** Who a file ASDU of the RTU is for. */
  fromRtu(ca: number, ioa: number, now: number): { readonly session: number; readonly ownOa: number } | undefined {
    const transfer = this.transfers.get(key(ca, ioa));
    if (transfer === undefined || transfer.until <= now) return undefined;
    transfer.until = now + FILE_TIMEOUT_MS;
    return transfer;
  }

  forget(session: number): void {
    for (const [file, transfer] of this.transfers) if (transfer.session === session) this.transfers.delete(file);
  }

  clear(): void {
    this.transfers.clear();
  }
}

function key(ca: number, ioa: number): number {
  return ca * 0x1000000 + ioa;
}
