import { type Logger, type Registry, securityEvent } from '@iec104mm2ss/observability';
import { type Clock, Timers } from '@iec104mm2ss/runtime';
import { timeText } from '../judge/fault.js';
import { KnownCertificates } from '../judge/known-certificates.js';
import type { CrlExpired } from '../judge/path-checks.js';
import type { TlsMaterial, TlsProfile, TlsStore } from '../types.js';
import { Materials } from './material.js';
import { registerStoreMetrics } from './metrics.js';
import type { Crl } from '../x509/crl.js';
import { readSnapshot, SHARED, type Snapshot } from './snapshot.js';
import { nextMoment, readTlsSet, type TlsSet } from './tls-set.js';

/** How often the files are read. A mounted secret is swapped by a symbolic link, so only the content tells. */
export const POLL_MS = 2_000;
/** Files that have changed are read again after this pause: they count when they are the same twice. */
export const SETTLE_MS = 500;
/** A reading that takes longer is told: a file on a share that does not answer. */
const READING_MS = 10_000;
/** What was refused may be good by now without any change: a certificate begins, a clock is set. */
const RECONSIDER_MS = 30_000;
/** What is not as it should be is told again after this time: an end comes nearer though no file changes. */
const TELL_AGAIN_MS = 24 * 3_600_000;
/** Authorities, by set of files, whose newest CRL is kept. */
const MOST_KEPT = 100;
/** Faults named in one log line. */
const FAULTS_SHOWN = 5;

export interface TlsStoreOptions {
  /** `--tls-dir` */
  readonly dir: string;
  /** `--crl-expired` */
  readonly crlExpired: CrlExpired;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry?: Registry;
}

/** What is known of the files of one group, or of the shared ones. */
export interface SetState {
  inForce: TlsSet | undefined;
  refused: { readonly digest: string; readonly reason: string; readonly atMs: number } | undefined;
  /** Digest that was seen once and does not count yet. */
  seen: string;
  /** When the warnings of what is in force were told. */
  toldAtMs: number;
  /** When something of what is in force ends next: ms since 1970-01-01 UTC. */
  nextMomentMs: number;
  /** The newest CRL that was ever in force of each authority, by the fingerprint of its certificate. */
  readonly newestCrls: Map<string, Crl>;
}

/** The files under `--tls-dir`, read again and again; see TlsStore. */
export class DirectoryTlsStore implements TlsStore {
  private readonly states = new Map<string, SetState>([[SHARED, newState()]]);
  private readonly materials: Materials;
  private readonly timers: Timers;
  private readonly listeners = new Set<() => void>();
  private stopped = false;
  private readonly stopMetrics: () => void;

  private constructor(private readonly options: TlsStoreOptions) {
    const { clock, crlExpired, registry } = options;
    this.timers = new Timers(clock);
    this.materials = new Materials({ known: new KnownCertificates(), crlExpired, wallMs: () => clock.wallMs() });
    this.stopMetrics = registry === undefined ? () => undefined : registerStoreMetrics(registry, this.states);
  }

  /** Reads the files once, whatever is in them, and looks at them from then on. */
  static async open(options: TlsStoreOptions): Promise<DirectoryTlsStore> {
    const store = new DirectoryTlsStore(options);
    await store.look(true);
    void store.poll();
    return store;
  }

  material(group: string, profile: TlsProfile): TlsMaterial {
    const state = this.states.get(group) ?? this.states.get(SHARED);
    if (state?.inForce === undefined) {
      const { dir } = this.options;
      throw new Error(`nothing for TLS in ${dir}: ${state?.refused?.reason ?? 'it was not read yet'}`);
    }
    return this.materials.of(state.inForce, profile);
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  stop(): void {
    this.stopped = true;
    this.timers.stop();
    this.stopMetrics();
    this.listeners.clear();
  }

  private async poll(): Promise<void> {
    let pauseMs = POLL_MS;
    while (!this.stopped) {
      await this.timers.pause(pauseMs);
      if (this.stopped) return;
      pauseMs = (await this.look(false)) ? SETTLE_MS : POLL_MS;
    }
  }

  /**
   * @param atOnce what is found counts though it was seen only once: nothing is in force yet
   * @returns true when something is to be read once more before it counts
   */
  private async look(atOnce: boolean): Promise<boolean> {
    let snapshot: Snapshot;
    try {
      snapshot = await this.read();
    } catch (error) {
      this.refuseAll(`the folder cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
      return false;
    }
    let [changed, unsettled] = [false, false];
    for (const group of new Set([...snapshot.keys(), ...this.states.keys()])) {
      const outcome = await this.lookAt(group, snapshot, atOnce);
      if (this.stopped) return false;
      changed ||= outcome === 'changed';
      unsettled ||= outcome === 'unsettled';
    }
    if (changed) {
      this.materials.keep(new Set([...this.states.values()].map(({ inForce }) => inForce?.digest ?? '')));
      for (const listener of [...this.listeners]) this.tell(listener);
    }
    return unsettled;
  }

  /** Waits for the files as long as it takes, and says so when it is long. A second reading would only wait beside the first. */
  private async read(): Promise<Snapshot> {
    const reading = new Timers(this.options.clock);
    reading.after(READING_MS, () =>
      this.refuseAll(`the folder does not answer: it was not read in ${READING_MS / 1000} s`),
    );
    try {
      return await readSnapshot(this.options.dir);
    } finally {
      reading.stop();
    }
  }

  private refuseAll(reason: string): void {
    if (this.stopped) return;
    for (const [group, state] of this.states) this.refuse(group, state, reason, reason);
  }

  private async lookAt(group: string, snapshot: Snapshot, atOnce: boolean): Promise<'same' | 'changed' | 'unsettled'> {
    const state = this.states.get(group) ?? newState();
    this.states.set(group, state);
    const files = snapshot.get(group);
    const digest = files?.digest ?? 'gone';
    const now = this.options.clock.now();
    if (digest === state.inForce?.digest) {
      if (state.refused !== undefined) {
        this.options.logger.info(scope(group), 'the files for TLS are the ones in force again');
      }
      state.refused = undefined;
      state.seen = '';
      const wallMs = this.options.clock.wallMs();
      const hasEnded = wallMs > state.nextMomentMs;
      if (files !== undefined && (hasEnded || now - state.toldAtMs > TELL_AGAIN_MS)) {
        this.warn(group, state, await readTlsSet(files, wallMs));
      }
      // Sessions that run by what has ended are judged again.
      return hasEnded ? 'changed' : 'same';
    }
    if (digest === state.refused?.digest && now - state.refused.atMs < RECONSIDER_MS) return 'same';
    if (!atOnce && digest !== state.seen && digest !== state.refused?.digest) {
      state.seen = digest;
      return 'unsettled';
    }
    state.seen = '';
    if (files === undefined) {
      // The group has no folder of its own any more: the shared files count.
      this.states.delete(group);
      this.options.logger.info(scope(group), 'the group has no files for TLS of its own any more');
      return 'changed';
    }
    const set = await readTlsSet(files, this.options.clock.wallMs());
    return this.take(group, state, set) ? 'changed' : 'same';
  }

  /** Puts it into force unless something is wrong with it. */
  private take(group: string, state: SetState, set: TlsSet): boolean {
    const faults = [...set.faults, ...staleCrls(set, state.newestCrls)];
    if (faults.length === 0) {
      try {
        this.materials.of(set, 'iec62351');
      } catch (error) {
        faults.push(`OpenSSL does not take certificate and key: ${(error as Error).message}`);
      }
    }
    if (faults.length > 0) {
      const left = faults.length - FAULTS_SHOWN;
      const more = left > 0 ? `; ${left} more` : '';
      this.refuse(group, state, set.digest, faults.slice(0, FAULTS_SHOWN).join('; ') + more);
      return false;
    }
    state.inForce = set;
    state.refused = undefined;
    keepNewest(set, state.newestCrls);
    const { logger } = this.options;
    const [leaf] = set.own;
    const fields = { ...scope(group), digest: set.digest.slice(0, 16), identity: leaf?.certificate.subject.text ?? '' };
    securityEvent(logger, 'tls_files_taken', fields, 'certificates, key and CRLs are in force');
    this.warn(group, state, set);
    return true;
  }

  /** Tells what is not as it should be of what is in force. */
  private warn(group: string, state: SetState, set: TlsSet): void {
    const { clock } = this.options;
    state.toldAtMs = clock.now();
    state.nextMomentMs = nextMoment(set, clock.wallMs());
    for (const reason of [...set.faults, ...set.warnings]) {
      securityEvent(this.options.logger, 'tls_files_warning', { ...scope(group), reason }, `in force, but: ${reason}`);
    }
  }

  private refuse(group: string, state: SetState, digest: string, reason: string): void {
    const isNew = state.refused?.digest !== digest || state.refused.reason !== reason;
    state.refused = { digest, reason, atMs: this.options.clock.now() };
    if (!isNew) return;
    const stays = state.inForce === undefined ? 'there are none in force' : 'those in force stay';
    const message = `the files for TLS are not taken, ${stays}: ${reason}`;
    securityEvent(this.options.logger, 'tls_files_refused', { ...scope(group), reason }, message);
  }

  private tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.options.logger.error({ err: error }, 'a change of the files for TLS could not be passed on');
    }
  }
}

/** CRLs that an authority has replaced since: with them somebody who is revoked would be let in again. */
function staleCrls({ trust }: TlsSet, newest: ReadonlyMap<string, Crl>): string[] {
  return trust.authorities.flatMap((authority) => {
    const { subject, fingerprint } = authority.certificate;
    const [crl, newer] = [trust.crlOf(authority), newest.get(fingerprint)];
    if (crl === undefined || newer === undefined || !newer.isNewerThan(crl)) return [];
    return [`${crl.file}: the CRL of ${subject.text} is older than the one before, of ${timeText(newer.thisUpdate)}`];
  });
}

/** An authority whose CRL is away, or that is away itself, comes back with no older one. */
function keepNewest({ trust }: TlsSet, newest: Map<string, Crl>): void {
  for (const authority of trust.authorities) {
    const crl = trust.crlOf(authority);
    if (crl !== undefined) newest.set(authority.certificate.fingerprint, crl);
  }
  for (const fingerprint of [...newest.keys()].slice(0, -MOST_KEPT)) newest.delete(fingerprint);
}

const newState = (): SetState => ({
  inForce: undefined,
  refused: undefined,
  seen: '',
  toldAtMs: 0,
  nextMomentMs: Infinity,
  newestCrls: new Map(),
});

const scope = (group: string): { readonly group?: string } => (group === SHARED ? {} : { group });
