/**
 * Octets to be written to sockets, carved from large arrays so that a frame costs no allocation of its own.
 *
 * A region, once returned by `take`, is never handed out again, so a socket may keep it for as long as it likes.
 */
const SLAB_OCTETS = 256 * 1024;

/** What a region without pending octets points at, so that idle links keep no slab in memory. */
const NO_MEMORY = new ArrayBuffer(0);
const NOTHING = new Uint8Array(NO_MEMORY);

let memory = new ArrayBuffer(SLAB_OCTETS);
let slab = new Uint8Array(memory);
let used = 0;

/** Where a writer's pending octets lie: `slab[start..end)`. */
export class OutputRegion {
  private octets: Uint8Array = NOTHING;
  private memory: ArrayBuffer = NO_MEMORY;
  private start = 0;
  private end = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Makes room for `count` more octets and returns the array and the index to write them at. */
  reserve(count: number): { octets: Uint8Array; at: number } {
    const length = this.end - this.start;
    if (this.octets === slab && this.end === used && used + count <= slab.length) {
      used += count;
    } else {
      if (used + length + count > slab.length) {
        memory = new ArrayBuffer(Math.max(SLAB_OCTETS, length + count));
        slab = new Uint8Array(memory);
        used = 0;
      }
      if (length > 0) slab.set(this.octets.subarray(this.start, this.end), used);
      this.octets = slab;
      this.memory = memory;
      this.start = used;
      this.end = used + length;
      used = this.end + count;
    }
    reserved.octets = slab;
    reserved.at = this.end;
    this.end += count;
    return reserved;
  }

  /** The pending octets, which then belong to the caller; undefined when there are none. */
  take(): Uint8Array | undefined {
    if (this.end === this.start) return undefined;
    // subarray() takes several times as long.
    const view = new Uint8Array(this.memory, this.start, this.end - this.start);
    this.octets = NOTHING;
    this.memory = NO_MEMORY;
    this.start = 0;
    this.end = 0;
    return view;
  }
}

/** One result object for all calls of `reserve`: it is read at once and never kept. */
const reserved = { octets: slab, at: 0 };
