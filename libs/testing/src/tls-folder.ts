import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { IssuedCertificate } from './certificate-authority.js';

/** Contents of one folder of `--tls-dir`; names of files with their texts. */
export type TlsFiles = Readonly<Record<string, string | Uint8Array>>;

/** `tls.crt`, `tls.key`, `ca.crt` and `*.crl` of a side that is `own` and believes `authorities`. */
export function tlsFiles(
  own: IssuedCertificate,
  authorities: readonly string[],
  crls: readonly string[] = [],
): TlsFiles {
  return {
    'tls.crt': own.chain,
    'tls.key': own.key,
    'ca.crt': authorities.join(''),
    ...Object.fromEntries(crls.map((crl, i) => [`${i + 1}.crl`, crl])),
  };
}

/** A `--tls-dir` that changes the way a mounted secret does: a symbolic link is swapped for one to a new folder. */
export class TlsFolder {
  readonly root = mkdtempSync(path.join(tmpdir(), 'mm2ss-tls-'));
  /** The path to give to `--tls-dir`. */
  readonly path = path.join(this.root, 'tls');
  private versions = 0;

  /** @param groups files of `<group>/` by the group's id */
  constructor(files: TlsFiles, groups: Readonly<Record<string, TlsFiles>> = {}) {
    this.swap(files, groups);
  }

  /** Puts a new set in place of the old one, in one step. */
  swap(files: TlsFiles, groups: Readonly<Record<string, TlsFiles>> = {}): void {
    const version = path.join(this.root, `version-${++this.versions}`);
    writeAll(version, files);
    for (const [group, own] of Object.entries(groups)) writeAll(path.join(version, group), own);
    const link = path.join(this.root, 'link');
    symlinkSync(version, link);
    renameSync(link, this.path);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

function writeAll(folder: string, files: TlsFiles): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
}
