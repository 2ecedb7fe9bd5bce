import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const DAY_MS = 86_400_000;
const NEW_KEY: Readonly<Record<string, readonly string[]>> = {
  'P-224': ['ec', '-pkeyopt', 'ec_paramgen_curve:secp224r1'],
  'P-256': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'P-384': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  'RSA-1024': ['rsa:1024'],
  'RSA-2048': ['rsa:2048'],
  ED25519: ['ed25519'],
};

/** What a certificate is to say. Without more it is good for both sides, with an EC key, for ten years. */
export interface CertificateWish {
  /** Common name; `subject` instead gives the whole one, as `openssl req -subj` takes it. */
  readonly cn?: string;
  readonly subject?: string;
  /** As `subjectAltName` of openssl: `DNS:a,URI:urn:b`. */
  readonly san?: string;
  readonly use?: 'client' | 'server' | 'both' | 'none' | 'codeSigning';
  readonly key?: 'P-224' | 'P-256' | 'P-384' | 'RSA-1024' | 'RSA-2048' | 'ED25519';
  readonly hash?: 'sha256' | 'sha384' | 'sha1' | 'md5';
  /** Of an authority: it signs with RSASSA-PSS. */
  readonly pss?: boolean;
  /** Days from now when it begins and ends; parts of a day and days gone by are allowed. */
  readonly fromDays?: number;
  readonly untilDays?: number;
  /** Lines of openssl's configuration for extensions; they take the place of those with the same name. */
  readonly extensions?: Readonly<Record<string, string>>;
}

export interface CrlWish {
  readonly revoked?: readonly IssuedCertificate[];
  /** So many entries more, of certificates that nobody has. */
  readonly further?: number;
  readonly fromDays?: number;
  readonly untilDays?: number;
  readonly hash?: 'sha256' | 'sha1';
  /** Signed with the key of this one, in the name of the authority itself: a forged CRL. */
  readonly forgedBy?: CertificateAuthority;
  /** Lines of openssl's configuration for CRL extensions. */
  readonly extensions?: Readonly<Record<string, string>>;
}

/** Texts are PEM. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
  /** The certificate and those of its issuers below the root: what goes into `tls.crt`. */
  readonly chain: string;
  /** The same as DER, each by itself. */
  readonly chainDer: readonly Buffer[];
  readonly serial: string;
  /** SHA-256 of the certificate, as `sha256:` has it. */
  readonly fingerprint: string;
}

/** A certificate authority made with openssl, for tests. `remove()` of the root ends all below it. */
export class CertificateAuthority {
  private files = 0;

  private constructor(
    private readonly openssl: string,
    private readonly folder: string,
    private readonly self: IssuedCertificate,
    /** Undefined for a root. */
    private readonly parent: CertificateAuthority | undefined,
    private readonly pss = false,
  ) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(this.file('ca.crt'), self.certificate);
    writeFileSync(this.file('ca.key'), self.key);
    writeFileSync(this.file('index.txt'), '');
    writeFileSync(this.file('index.txt.attr'), 'unique_subject = no\n');
    writeFileSync(this.file('crlnumber'), '01\n');
  }

  /** @param openssl the program: `requireTool('openssl')` */
  static root(openssl: string, wish: CertificateWish = {}): CertificateAuthority {
    const folder = mkdtempSync(path.join(tmpdir(), 'mm2ss-ca-'));
    return new CertificateAuthority(openssl, folder, selfSigned(openssl, folder, wish), undefined, wish.pss);
  }

  /** PEM of its own certificate. */
  get certificate(): string {
    return this.self.certificate;
  }

  get issued(): IssuedCertificate {
    return this.self;
  }

  intermediate(wish: CertificateWish = {}): CertificateAuthority {
    const issued = this.issue({
      cn: 'Test intermediate',
      use: 'none',
      ...wish,
      extensions: { ...CA_EXTENSIONS, ...wish.extensions },
    });
    return new CertificateAuthority(this.openssl, path.join(this.folder, `ca-${issued.serial}`), issued, this);
  }

  issue(wish: CertificateWish = {}): IssuedCertificate {
    const [request, key, out] = paths(
      this.folder,
      `${++this.files}-request.pem`,
      `${this.files}-key.pem`,
      `${this.files}.pem`,
    );
    run(this.openssl, [...newRequest(wish), '-keyout', key, '-out', request]);
    const config = this.write('ca.cnf', signingConfig(this.folder, leafExtensions(wish), {}));
    run(this.openssl, [
      ...['ca', '-batch', '-notext', '-config', config, '-extensions', 'wanted', '-utf8'],
      ...['-in', request, '-out', out, '-md', wish.hash ?? 'sha256', '-cert', this.file('ca.crt')],
      ...['-keyfile', this.file('ca.key'), ...dates(wish, '-startdate', '-enddate'), '-preserveDN'],
      ...this.scheme(),
    ]);
    const above = this.parent === undefined ? '' : this.self.chain;
    return issuedOf(readFileSync(out, 'utf8'), readFileSync(key, 'utf8'), above);
  }

  /** PEM of a CRL of what this authority has issued. */
  crl(wish: CrlWish = {}): string {
    const out = this.file(`${++this.files}-crl.pem`);
    const serials = (wish.revoked ?? []).map(({ serial }) => serial);
    for (let i = 0; i < (wish.further ?? 0); i++) serials.push((0x7000_0000_0000 + i * 3).toString(16).toUpperCase());
    const revokedAt = asn1Time(-1).slice(2);
    const index = serials.map((serial) => `R\t${asn1Time(3650).slice(2)}\t${revokedAt}\t${serial}\tunknown\t/CN=x\n`);
    const kept = readFileSync(this.file('index.txt'), 'utf8');
    writeFileSync(this.file('index.txt'), index.join(''));
    try {
      const config = this.write('crl.cnf', signingConfig(this.folder, {}, wish.extensions ?? {}));
      run(this.openssl, [
        ...['ca', '-gencrl', '-config', config, '-out', out, '-md', wish.hash ?? 'sha256'],
        ...['-cert', this.forgeryOf(wish.forgedBy), '-keyfile', (wish.forgedBy ?? this).file('ca.key')],
        ...dates({ untilDays: 30, ...wish }, '-crl_lastupdate', '-crl_nextupdate'),
        ...(wish.extensions === undefined ? [] : ['-crlexts', 'crl_wanted']),
        ...this.scheme(),
      ]);
    } finally {
      writeFileSync(this.file('index.txt'), kept);
    }
    return readFileSync(out, 'utf8');
  }

  /** Ends a root and all that is below it. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A certificate with this authority's name and the other one's key: openssl signs only with the key of a certificate. */
  private forgeryOf(other: CertificateAuthority | undefined): string {
    if (other === undefined) return this.file('ca.crt');
    const subject = new X509Certificate(this.certificate).subject.split('\n').join('/');
    const out = this.file(`${++this.files}-forged.pem`);
    const config = this.write('forged.cnf', requestConfig(CA_EXTENSIONS));
    run(this.openssl, [
      ...['req', '-x509', '-new', '-key', other.file('ca.key'), '-out', out, '-subj', `/${subject}`, '-days', '30'],
      ...['-config', config, '-extensions', 'wanted'],
    ]);
    return out;
  }

  private scheme(): string[] {
    return this.pss ? ['-sigopt', 'rsa_padding_mode:pss'] : [];
  }

  private file(name: string): string {
    return path.join(this.folder, name);
  }

  private write(name: string, text: string): string {
    writeFileSync(this.file(name), text);
    return this.file(name);
  }
}

const CA_EXTENSIONS = {
  basicConstraints: 'critical,CA:true',
  keyUsage: 'critical,keyCertSign,cRLSign',
  subjectKeyIdentifier: 'hash',
};
const USES = { client: 'clientAuth', server: 'serverAuth', both: 'clientAuth,serverAuth', codeSigning: 'codeSigning' };

function selfSigned(openssl: string, folder: string, wish: CertificateWish): IssuedCertificate {
  // openssl before 3.4 takes dates only from `openssl ca`.
  const [request, key, out] = paths(folder, 'root-request.pem', 'root.key', 'root.pem');
  const named = { cn: 'Test root', ...wish };
  run(openssl, [...newRequest(named), '-keyout', key, '-out', request]);
  writeFileSync(path.join(folder, 'index.txt'), '');
  writeFileSync(path.join(folder, 'root.cnf'), signingConfig(folder, { ...CA_EXTENSIONS, ...wish.extensions }, {}));
  run(openssl, [
    ...['ca', '-batch', '-notext', '-selfsign', '-config', path.join(folder, 'root.cnf'), '-extensions', 'wanted'],
    ...['-utf8', '-in', request, '-out', out, '-md', wish.hash ?? 'sha256', '-keyfile', key],
    ...[...dates(wish, '-startdate', '-enddate'), '-preserveDN'],
  ]);
  return issuedOf(readFileSync(out, 'utf8'), readFileSync(key, 'utf8'), '');
}

const paths = (folder: string, ...names: [string, string, string]): [string, string, string] =>
  names.map((name) => path.join(folder, name)) as [string, string, string];

function newRequest({ cn = 'test', subject = `/CN=${cn}`, key = 'P-256' }: CertificateWish): string[] {
  return ['req', '-new', '-utf8', '-nodes', '-newkey', ...(NEW_KEY[key] ?? []), '-subj', subject];
}

function leafExtensions({ san, use = 'both', extensions }: CertificateWish): Record<string, string> {
  return {
    basicConstraints: 'CA:false',
    keyUsage: 'critical,digitalSignature,keyEncipherment',
    authorityKeyIdentifier: 'keyid',
    ...(use === 'none' ? {} : { extendedKeyUsage: USES[use] }),
    ...(san === undefined ? {} : { subjectAltName: san }),
    ...extensions,
  };
}

function requestConfig(extensions: Readonly<Record<string, string>>): string {
  return ['[req]', 'distinguished_name = name', '[name]', '[wanted]', ...lines(extensions), ''].join('\n');
}

function signingConfig(
  folder: string,
  extensions: Readonly<Record<string, string>>,
  crlExtensions: Readonly<Record<string, string>>,
): string {
  return [
    ...['[ca]', 'default_ca = this', '[this]', `database = ${folder}/index.txt`, `new_certs_dir = ${folder}`],
    ...[`crlnumber = ${folder}/crlnumber`, 'policy = any', 'default_md = sha256', 'unique_subject = no'],
    ...[
      'default_days = 3650',
      `serial = ${folder}/serial`,
      'rand_serial = yes',
      'string_mask = utf8only',
      'email_in_dn = yes',
    ],
    ...['[any]', 'commonName = optional', '[wanted]', ...lines(extensions)],
    ...['[crl_wanted]', ...lines(crlExtensions)],
    // For `issuingDistributionPoint = critical,@idp`.
    ...['[idp]', 'onlyuser = TRUE', ''],
  ].join('\n');
}

const lines = (extensions: Readonly<Record<string, string>>): string[] =>
  Object.entries(extensions).map(([name, value]) => `${name} = ${value}`);

function dates({ fromDays = -1, untilDays = 3650 }: CertificateWish, from: string, until: string): string[] {
  return [from, asn1Time(fromDays), until, asn1Time(untilDays)];
}

/** GeneralizedTime, YYYYMMDDhhmmssZ; UTCTime without its first two digits. */
function asn1Time(daysFromNow: number): string {
  return `${new Date(Date.now() + daysFromNow * DAY_MS).toISOString().replaceAll(/[-:T]|\.\d+/g, '')}`;
}

function issuedOf(certificate: string, key: string, above: string): IssuedCertificate {
  const { serialNumber, fingerprint256 } = new X509Certificate(certificate);
  const chain = certificate + above;
  const all = chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return {
    certificate,
    key,
    chain,
    chainDer: all.map((pem) => new X509Certificate(pem).raw),
    serial: serialNumber,
    fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

function run(openssl: string, parameters: readonly string[]): void {
  try {
    execFileSync(openssl, parameters, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
  } catch (error) {
    const { stderr } = error as { readonly stderr?: Buffer };
    throw new Error(`openssl ${parameters.join(' ')}\n${stderr?.toString() ?? String(error)}`, { cause: error });
  }
}
