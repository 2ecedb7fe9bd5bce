import { readFileSync } from 'node:fs';
import { zipSync } from 'fflate';

/** MS-DOS, in which files have no rights. */
const FAT = 0;

/**
 * @param {string} folder the one that everything is unpacked into
 * @param {Record<string, string | Buffer>} files paths on disk, or octets, by their paths in the folder
 * @param {number} seconds since 1970: the time of all files
 * @returns {Buffer} the same files and time give the same octets
 */
export function zip(folder, files, seconds) {
  const names = Object.keys(files).sort();
  const octetsOf = (file) => new Uint8Array(typeof file === 'string' ? readFileSync(file) : file);
  const entries = names.map((name) => [`${folder}/${name}`, [octetsOf(files[name]), { os: FAT }]]);
  return Buffer.from(zipSync(Object.fromEntries(entries), { mtime: timeOfPlace(seconds), level: 4 }));
}

/** The format has the time of the place where it is made: it is given that of UTC. */
function timeOfPlace(seconds) {
  const utc = new Date(seconds * 1000);
  return new Date(utc.getTime() + utc.getTimezoneOffset() * 60_000);
}
