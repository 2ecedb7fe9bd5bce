import { createSilentLogger } from '@iec104mm2ss/observability';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { CertificateAuthority, type IssuedCertificate, type TlsFiles, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import { openTlsStore, type OpenTlsStore, type PeerName, type PeerRole, type Verdict } from '@iec104mm2ss/tls';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

export const SCADA: readonly PeerName[] = [{ kind: 'cn', value: 'scada-a', text: 'cn:scada-a' }];

/** What is in force; without more: our root, CRLs of all, a master called scada-a. */
export interface Circumstances {
  readonly files?: TlsFiles;
  readonly names?: readonly PeerName[];
  readonly role?: PeerRole;
  readonly crlExpired?: 'warn' | 'refuse';
}

/** Who certificates are from, in one file of tests. */
export class Cast {
  root!: CertificateAuthority;
  /** Below the root. */
  sub!: CertificateAuthority;
  /** Ours, and a good one of a master; both by `sub`. */
  own!: IssuedCertificate;
  good!: IssuedCertificate;
  crls!: readonly string[];

  constructor(readonly tool: string) {
    beforeAll(() => {
      this.root = CertificateAuthority.root(tool);
      this.sub = this.root.intermediate();
      this.own = this.sub.issue({ cn: 'mm2ss' });
      const san = 'DNS:Scada-A.example,URI:urn:scada:a,IP:127.0.0.1';
      this.good = this.sub.issue({ cn: 'scada-a', san, use: 'client' });
      this.crls = [this.root.crl(), this.sub.crl()];
    });
    afterAll(() => this.root.remove());
  }

  /** What is decided about a chain. */
  async judged(chain: IssuedCertificate | readonly Uint8Array[], circumstances: Circumstances = {}): Promise<Verdict> {
    const { names = SCADA, role = 'client', crlExpired = 'warn' } = circumstances;
    const { files = tlsFiles(this.own, [this.root.certificate], this.crls) } = circumstances;
    const store = await opened(files, crlExpired);
    const der = 'chainDer' in chain ? chain.chainDer : chain;
    return store.material('1', 'iec62351').judge(der, role, names);
  }

  /** `ok`, or the code of the refusal. */
  async code(...parameters: Parameters<Cast['judged']>): Promise<string> {
    const verdict = await this.judged(...parameters);
    return verdict.ok ? 'ok' : verdict.code;
  }
}

export async function opened(files: TlsFiles, crlExpired: 'warn' | 'refuse' = 'warn'): Promise<OpenTlsStore> {
  const folder = new TlsFolder(files);
  const store = await openTlsStore({
    dir: folder.path,
    crlExpired,
    clock: SYSTEM_CLOCK,
    logger: createSilentLogger(),
  });
  onTestFinished(() => {
    store.stop();
    folder.remove();
  });
  return store;
}
