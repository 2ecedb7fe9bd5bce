import { gunzipSync, gzipSync } from 'node:zlib';
import type { ChartFile } from './static-chart.js';

/** Sizes of the POSIX ustar format, in octets. */
const BLOCK = 512;
const NAME = 100;
const PREFIX = 155;
/** 2000-01-01: the same always, and no tool doubts it. */
const MODIFIED_S = 946_684_800;
/** Where gzip says on which system it was made (RFC 1952); 255: unknown. */
const GZIP_SYSTEM = 9;

/**
 * A gzipped tar archive (ustar) of these files below `folder`, in this order. The same files always give the same octets: no owner,
 * no time.
 */
export function tarGz(folder: string, files: readonly ChartFile[]): Buffer {
  const blocks = files.flatMap(({ path, octets }) => [
    header(`${folder}/${path}`, octets.length),
    octets,
    Buffer.alloc(-octets.length & (BLOCK - 1)),
  ]);
  const gzipped = gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 9 });
  gzipped[GZIP_SYSTEM] = 255;
  return gzipped;
}

/** Name of the first file of a gzipped tar archive; undefined: it is none. */
export function firstName(octets: Uint8Array): string | undefined {
  try {
    const block = gunzipSync(octets).subarray(0, BLOCK);
    if (text(block, 257, 5) !== 'ustar') return undefined;
    const [name, prefix] = [text(block, 0, NAME), text(block, 345, PREFIX)];
    return prefix === '' ? name : `${prefix}/${name}`;
  } catch {
    return undefined;
  }
}

function header(path: string, octets: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const cut = path.length <= NAME ? -1 : path.indexOf('/', path.length - NAME - 1);
  if (path.length > NAME && (cut < 0 || cut > PREFIX)) throw new Error(`${path} is too long for an archive`);
  block.write(path.slice(cut + 1), 0, NAME, 'utf8');
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(octal(octets), 124);
  block.write(octal(MODIFIED_S), 136);
  // The sum counts its own field as blanks.
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\u{0}00', 257);
  if (cut > 0) block.write(path.slice(0, cut), 345, PREFIX, 'utf8');
  const sum = block.reduce((total, octet) => total + octet, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Eleven octal digits. */
const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;

const text = (block: Uint8Array, from: number, length: number): string =>
  Buffer.from(block.subarray(from, from + length))
    .toString('utf8')
    .replace(/\0.*$/s, '');
