import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** PEM files of a certificate and its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority made with openssl, in a folder that goes with the test. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), 'mm2ss-ca-'));
  readonly cert: string;
  private readonly own: Certificate;
  private issued = 0;

  constructor(name = 'Test CA') {
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
    this.own = { cert: join(this.folder, 'ca.crt'), key: join(this.folder, 'ca.key') };
    this.cert = this.own.cert;
    openssl(...this.newKey(this.own), '-x509', '-subj', `/CN=${name}`, '-days', '2', '-out', this.own.cert);
  }

  /** Its certificate, as PEM. */
  read(): string {
    return readFileSync(this.cert, 'utf8');
  }

  /** @param names subjectAltName, as in `DNS:siem.example,IP:127.0.0.1` */
  issue(name: string, names: string): Certificate {
    const base = join(this.folder, String(++this.issued));
    const certificate = { cert: `${base}.crt`, key: `${base}.key` };
    writeFileSync(`${base}.ext`, `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    openssl(...this.newKey(certificate), '-subj', `/CN=${name}`, '-out', `${base}.csr`);
    const by = ['-CA', this.own.cert, '-CAkey', this.own.key, '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', `${base}.csr`, ...by, '-extfile', `${base}.ext`, '-out', certificate.cert);
    return certificate;
  }

  private newKey({ key }: Certificate): string[] {
    return ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key];
  }
}

function openssl(...options: string[]): void {
  execFileSync('openssl', options, { stdio: 'pipe' });
}
