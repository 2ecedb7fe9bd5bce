/** Certificates and accounts as an operator of NATS makes them. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { requireTool } from '../../tools/require.mjs';
import { SYNC_ALWAYS } from './nats-server.ts';

export const hasOpenssl = requireTool('openssl') !== undefined;

/** A file of a certificate and one of its key. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

/** A certification authority in a folder. */
export class Authority {
  private readonly own: KeyPair;

  constructor(
    private readonly directory: string,
    readonly name: string,
  ) {
    this.own = this.make(name, []);
  }

  /** File of its certificate. */
  get certificate(): string {
    return this.own.certificate;
  }

  /** A certificate for a name: `IP:127.0.0.1`, `DNS:localhost`. */
  issue(name: string, subject: string): KeyPair {
    const { certificate, key } = this.own;
    return this.make(name, ['-CA', certificate, '-CAkey', key, '-addext', `subjectAltName=${subject}`]);
  }

  private make(name: string, options: readonly string[]): KeyPair {
    const pair = { certificate: join(this.directory, `${name}.pem`), key: join(this.directory, `${name}.key`) };
    const files = ['-out', pair.certificate, '-keyout', pair.key];
    execFileSync('openssl', ['req', '-x509', ...CURVE, '-subj', `/CN=${name}`, ...files, ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return pair;
  }
}

/** An operator with one account, as a configuration of nats-server and credentials files of its users. */
export class Operator {
  private readonly operator = nkeys.createOperator();
  private readonly account = nkeys.createAccount();
  private readonly system = nkeys.createAccount();

  constructor(private readonly directory: string) {}

  /** File with the server's configuration. */
  configuration(): string {
    const operator = this.sign('operator', this.operator, this.operator, {
      type: 'operator',
      system_account: this.system.getPublicKey(),
    });
    const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, conn: -1, leaf: -1, wildcards: true };
    const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
    const account = this.sign('account', this.operator, this.account, {
      type: 'account',
      limits: { ...limits, ...storage },
    });
    const system = this.sign('system', this.operator, this.system, { type: 'account', limits });
    const preload = [
      [this.account.getPublicKey(), account],
      [this.system.getPublicKey(), system],
    ].map(([key, jwt]) => `  ${key}: ${jwt}`);
    const resolver = ['resolver: MEMORY', 'resolver_preload: {', ...preload, '}'];
    const lines = [`operator: ${operator}`, ...resolver, SYNC_ALWAYS];
    const file = join(this.directory, 'operator.conf');
    writeFileSync(file, lines.join('\n'));
    return file;
  }

  /** Credentials of a user; `expires` in seconds since 1970. */
  credentials(file: string, expires?: number): string {
    const user = nkeys.createUser();
    const claims = { type: 'user', subs: -1, data: -1, payload: -1 };
    const jwt = this.sign('user', this.account, user, claims, expires);
    const seed = new TextDecoder().decode(user.getSeed());
    const path = join(this.directory, file);
    writeFileSync(path, [...armoured('NATS USER JWT', jwt), '', ...armoured('USER NKEY SEED', seed), ''].join('\n'));
    return path;
  }

  private sign(
    name: string,
    issuer: ReturnType<typeof nkeys.createUser>,
    subject: ReturnType<typeof nkeys.createUser>,
    claims: object,
    expires?: number,
  ): string {
    const body = {
      jti: `${name}-${subject.getPublicKey()}`,
      iat: Math.floor(Date.now() / 1000) - 60,
      ...(expires === undefined ? {} : { exp: expires }),
      iss: issuer.getPublicKey(),
      name,
      sub: subject.getPublicKey(),
      nats: { ...claims, version: 2 },
    };
    const parts = [{ typ: 'JWT', alg: 'ed25519-nkey' }, body];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = issuer.sign(new TextEncoder().encode(text));
    return `${text}.${Buffer.from(signature).toString('base64url')}`;
  }
}

const armoured = (what: string, text: string): string[] => [`-----BEGIN ${what}-----`, text, `------END ${what}------`];
