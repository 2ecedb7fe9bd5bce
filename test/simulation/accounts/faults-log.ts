/** When something was wrong, and with what: whoever judges asks what could not be expected. */
export interface Trouble {
  readonly from: number;
  until: number;
  /** A process, an address, `bus`, `disk`, a group's RTU ... */
  readonly what: string;
  readonly kind: string;
}

/** A group that takes a changed row and has to begin anew for it: nothing that others feel. */
export const RECONFIGURED = 'reconfigured';

export class FaultsLog {
  constructor(
    private readonly isFelt: (trouble: Trouble) => boolean = () => true,
    readonly all: Trouble[] = [],
  ) {}

  /** As a group sees it. */
  of(group: string): FaultsLog {
    return new FaultsLog(({ kind, what }) => kind !== RECONFIGURED || what === group, this.all);
  }

  begin(from: number, until: number, kind: string, what: string): Trouble {
    const trouble = { from, until, kind, what };
    this.all.push(trouble);
    return trouble;
  }

  /** Some trouble with one of these fell into the time between. */
  with(whats: readonly string[], from: number, until: number): boolean {
    return this.all.some((trouble) => trouble.from <= until && trouble.until >= from && whats.includes(trouble.what));
  }

  /** Some trouble, of one of these kinds if given, fell into the time between. */
  between(from: number, until: number, kinds?: readonly string[]): boolean {
    return this.all.some(
      (trouble) =>
        this.isFelt(trouble) &&
        trouble.from <= until &&
        trouble.until >= from &&
        (kinds === undefined || kinds.includes(trouble.kind)),
    );
  }

  /** How many troubles of these kinds there were up to `until`. */
  count(until: number, kinds: readonly string[]): number {
    return this.all.filter(({ from, kind }) => from <= until && kinds.includes(kind)).length;
  }
}
