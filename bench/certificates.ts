/** Certificates for the systems and masters that speak TLS, made with openssl: what the product reads is not made by it. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Name of every master, in its certificate. */
export const MASTER_NAME = 'cn:bench';

/** What a master shows. PEM. */
export interface MasterCertificate {
  cert: string;
  key: string;
}

/** Writes `tls.crt`, `tls.key` and `ca.crt` into `directory/tls`, for `--tls-dir`. EC keys with P-256, as the masters' one. */
export function makeCertificates(directory: string): { tlsDir: string; master: MasterCertificate } {
  const tlsDir = `${directory}/tls`;
  mkdirSync(tlsDir);
  const file = (name: string): string => `${directory}/${name}`;
  const openssl = (...line: string[]): void => void execFileSync('openssl', line, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const authority = ['-subj', '/CN=Bench CA', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  openssl('req', '-x509', ...newKey, ...authority, '-keyout', file('ca.key'), '-out', file('ca.crt'));
  writeFileSync(file('ext'), 'keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,serverAuth\n');
  for (const name of ['mm2ss', 'bench']) {
    openssl(
      'req',
      ...newKey.slice(0, -2),
      '-subj',
      `/CN=${name}`,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.csr`),
    );
    const by = [
      '-CA',
      file('ca.crt'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      file('ext'),
    ];
    openssl('x509', '-req', '-in', file(`${name}.csr`), ...by, '-out', file(`${name}.crt`));
  }
  copyFileSync(file('mm2ss.crt'), `${tlsDir}/tls.crt`);
  copyFileSync(file('mm2ss.key'), `${tlsDir}/tls.key`);
  copyFileSync(file('ca.crt'), `${tlsDir}/ca.crt`);
  const text = (name: string): string => readFileSync(file(name), 'utf8');
  return { tlsDir, master: { cert: text('bench.crt'), key: text('bench.key') } };
}
