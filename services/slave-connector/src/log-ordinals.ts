interface Piece {
  readonly ordinal: number;
  readonly position: number;
}

/** Losses of the log that are remembered: what is older than that is of no interest any more. */
const MAX_PIECES = 16;

/**
 * Translates between ordinals and positions.
 *
 * An ordinal is the running number of an ASDU as this connector counts them: it never changes, so whatever waits for an ASDU
 * to be stored can go by it. Its position is where the log has it. Both are equal until the log is found to have lost its
 * end: what is appended again then gets other positions.
 */
export class LogOrdinals {
  /** Each holds up to the next one; both numbers grow. */
  private readonly pieces: Piece[] = [{ ordinal: 0, position: 0 }];

  /** The ASDUs from `ordinal` on are at `position` and behind it. Those before that have no position have been lost. */
  place(ordinal: number, position: number): void {
    if (this.positionOf(ordinal) === position && this.ordinalOf(position) === ordinal) return;
    let last = this.pieces.at(-1) as Piece;
    while (this.pieces.length > 1 && (last.ordinal >= ordinal || last.position >= position)) {
      this.pieces.pop();
      last = this.pieces.at(-1) as Piece;
    }
    this.pieces.push({ ordinal, position });
    if (this.pieces.length > MAX_PIECES) this.pieces.splice(1, 1);
  }

  /** Position of an ASDU; of one that was lost, where the log goes on behind it. */
  positionOf(ordinal: number): number {
    return this.translate(ordinal, 'ordinal', 'position');
  }

  /** Ordinal of the ASDU at a position; of one that somebody else wrote, the next one of ours. */
  ordinalOf(position: number): number {
    return this.translate(position, 'position', 'ordinal');
  }

  private translate(value: number, from: keyof Piece, to: keyof Piece): number {
    for (let index = this.pieces.length - 1; index > 0; index--) {
      const piece = this.pieces[index] as Piece;
      if (value >= piece[from]) return this.within(index, piece[to] + value - piece[from], to);
    }
    return this.within(0, value, to);
  }

  private within(index: number, value: number, to: keyof Piece): number {
    const next = this.pieces[index + 1];
    return next === undefined ? value : Math.min(value, next[to]);
  }
}
