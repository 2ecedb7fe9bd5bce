import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import type { ChartFile } from './static-chart.js';

/** 2000-01-01: the same always, and no tool doubts it. */
const MODIFIED = new Date('2000-01-01T00:00:00Z');
const READABLE = 0o644;
/** Where gzip says on which system it was made (RFC 1952); 255: unknown. */
const GZIP_SYSTEM = 9;

/**
 * A gzipped tar archive (ustar) of these files below `folder`, in this order. The same files always give the same octets: no owner,
 * no time.
 */
export async function tarGz(folder: string, files: readonly ChartFile[]): Promise<Buffer> {
  const archive = pack();
  for (const { path, octets } of files) {
    archive.entry({ name: `${folder}/${path}`, mode: READABLE, mtime: MODIFIED, uid: 0, gid: 0 }, Buffer.from(octets));
  }
  archive.finalize();
  const gzipped = gzipSync(await buffer(archive), { level: 9 });
  gzipped[GZIP_SYSTEM] = 255;
  return gzipped;
}

/** Name of the first file of a gzipped tar archive; undefined: it is none. */
export async function firstName(octets: Uint8Array): Promise<string | undefined> {
  try {
    const archive = extract();
    archive.end(gunzipSync(octets));
    const { value } = (await archive[Symbol.asyncIterator]().next()) as IteratorResult<
      { header: { name: string } },
      undefined
    >;
    archive.destroy();
    return value?.header.name;
  } catch {
    return undefined;
  }
}
