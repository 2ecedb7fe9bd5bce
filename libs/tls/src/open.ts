import type { ProbeOptions, ProbeResult } from './report/probe.js';
import type { SetReport } from './report/files-report.js';
import type { TlsStoreOptions } from './store/directory-store.js';
import type { TlsStore } from './types.js';

export type { CertificateReport, CrlReport, SetReport } from './report/files-report.js';
export type { ProbeOptions, ProbeOutcome, ProbeResult } from './report/probe.js';
export type { TlsStoreOptions } from './store/directory-store.js';

// What reads certificates is loaded when it is needed: a process without TLS has no use for it.

/** A store whose files are looked at until it is stopped. */
export interface OpenTlsStore extends TlsStore {
  stop(): void;
}

/**
 * Opens the store of a folder; see TlsStore. Files that are at fault are no error here: `material` says so for the groups that
 * need them.
 */
export async function openTlsStore(options: TlsStoreOptions): Promise<OpenTlsStore> {
  const { DirectoryTlsStore } = await import('./store/directory-store.js');
  return await DirectoryTlsStore.open(options);
}

/** What the files below a folder are worth, for people. Rejects when the folder cannot be read. */
export async function reportTlsFiles(dir: string, nowMs: number): Promise<SetReport[]> {
  return await (await import('./report/files-report.js')).reportTlsFiles(dir, nowMs);
}

/** Tries a peer, and explains what goes wrong. */
export async function probeTls(options: ProbeOptions): Promise<ProbeResult> {
  return await (await import('./report/probe.js')).probeTls(options);
}
