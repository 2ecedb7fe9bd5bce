import { CertificateAuthority, TlsFolder, tlsFiles } from '@iec104mm2ss/testing';
import type { Afterwards } from '../e2e/stations.ts';

/** The folder of `--tls-dir`, whose certificate is replaced while the system runs. */
export class Certificates {
  private readonly authority: CertificateAuthority;
  private readonly folder: TlsFolder;

  constructor(openssl: string, afterwards: Afterwards) {
    this.authority = CertificateAuthority.root(openssl);
    this.folder = new TlsFolder(this.files(90));
    afterwards(() => {
      this.folder.remove();
      this.authority.remove();
    });
  }

  get path(): string {
    return this.folder.path;
  }

  /** Another certificate, which ends in so many days. */
  use({ days }: { readonly days: number }): void {
    this.folder.swap(this.files(days));
  }

  /** A key that is none. */
  spoil(): void {
    this.folder.swap({ ...this.files(90), 'tls.key': 'nonsense' });
  }

  private files(untilDays: number) {
    return tlsFiles(this.authority.issue({ cn: 'mm2ss', untilDays }), [this.authority.certificate]);
  }
}
