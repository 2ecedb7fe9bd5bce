/** What a pcapng file that passes has in it. */
export interface Tally {
  packets: number;
  /** Segments that were left out. */
  leftOut: number;
  octets: number;
}

const INTERFACE_DESCRIPTION = 1;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const HEAD_OCTETS = 12;
const MAX_BLOCK_OCTETS = 1 << 20;
const [IF_NAME, EPB_DROPCOUNT, ISB_IFDROP] = [2, 4, 5];

/** Cuts what comes into the blocks of a pcapng file as CaptureStream writes them, and says what is in them. */
export class PcapngTally {
  readonly tally: Tally = { packets: 0, leftOut: 0, octets: 0 };
  private rest: Buffer = Buffer.alloc(0);
  /** By interface, as the file says at its end. */
  private readonly stated = new Map<number, number>();

  /** @param onInterface something else is captured */
  constructor(private readonly onInterface: (name: string) => void) {}

  /** @returns the whole blocks that there are now, in one piece; it is `chunk` as far as that goes */
  feed(chunk: Buffer): Buffer {
    const octets = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    while (octets.length - at >= HEAD_OCTETS) {
      const length = octets.readUInt32LE(at + 4);
      if (length < HEAD_OCTETS || length > MAX_BLOCK_OCTETS)
        throw new Error('what comes is no capture of this program');
      if (at + length > octets.length) break;
      this.look(octets.subarray(at, at + length));
      at += length;
    }
    this.rest = Buffer.from(octets.subarray(at));
    return octets.subarray(0, at);
  }

  private look(block: Buffer): void {
    const { tally } = this;
    tally.octets += block.length;
    const type = block.readUInt32LE(0);
    if (type === INTERFACE_DESCRIPTION) this.onInterface(optionOf(block, 16, IF_NAME)?.toString('utf8') ?? '');
    else if (type === ENHANCED_PACKET) {
      tally.packets++;
      const captured = Math.ceil(block.readUInt32LE(20) / 4) * 4;
      tally.leftOut += numberOf(optionOf(block, 28 + captured, EPB_DROPCOUNT));
    } else if (type === INTERFACE_STATISTICS) {
      this.stated.set(block.readUInt32LE(8), numberOf(optionOf(block, 20, ISB_IFDROP)));
      const stated = [...this.stated.values()].reduce((sum, each) => sum + each, 0);
      tally.leftOut = Math.max(tally.leftOut, stated);
    }
  }
}

const numberOf = (value: Buffer | undefined): number => (value === undefined ? 0 : Number(value.readBigUInt64LE()));

function optionOf(block: Buffer, begin: number, wanted: number): Buffer | undefined {
  for (let at = begin; at + 4 <= block.length - 4;) {
    const code = block.readUInt16LE(at);
    const length = block.readUInt16LE(at + 2);
    if (code === 0) return undefined;
    if (code === wanted) return block.subarray(at + 4, at + 4 + length);
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return undefined;
}
