/** Groups with TLS in one process, certificates by openssl, and masters that are not ours. */
import { X509Certificate } from 'node:crypto';
import { connect, createSecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { CertificateAuthority, type IssuedCertificate } from '@iec104mm2ss/testing';
import { type TlsMaterial, type TlsSettings, type TlsStore } from '@iec104mm2ss/tls';
import { onTestFinished } from 'vitest';
import { requireTool } from '../../../tools/require.mjs';
import { GATEWAY_HOST, masterAddress } from '../harness.js';
import { type RawHabits, RawPeer } from '../raw-peer.js';

export const openssl = requireTool('openssl');

/** A small store of its own: what the parts need of one, for tests of the parts. */
export class SmallStore implements TlsStore {
  readonly revoked = new Set<string>();
  private readonly listeners = new Set<() => void>();

  constructor(
    private own: IssuedCertificate,
    private ca: string,
  ) {}

  material(): TlsMaterial {
    const { own, ca, revoked } = this;
    const authority = new X509Certificate(ca);
    return {
      context: createSecureContext({ cert: own.chain, key: own.key, ca, minVersion: 'TLSv1.2' }),
      judge(chain, role, names) {
        const certificates = chain.map((der) => new X509Certificate(der));
        const [leaf] = certificates as [X509Certificate];
        const fault = (code: 'chain' | 'revoked' | 'expired' | 'wrong_name') => {
          return { ok: false, code, reason: `${role}: ${code}` } as const;
        };
        for (const [index, each] of certificates.entries()) {
          const issuer = certificates[index + 1] ?? authority;
          if (!each.verify(issuer.publicKey)) return fault('chain');
          if (revoked.has(each.serialNumber)) return fault('revoked');
          if (Date.parse(each.validTo) < Date.now()) return fault('expired');
        }
        const cn = /CN=(.*)/.exec(leaf.subject)?.[1] ?? '';
        const identities = [`cn:${cn}`, `sha256:${leaf.fingerprint256.replaceAll(':', '').toLowerCase()}`];
        const found = names.find(({ kind, value }) => identities.includes(`${kind}:${value}`));
        if (found === undefined) return fault('wrong_name');
        const notAfter = Math.min(...certificates.map(({ validTo }) => Date.parse(validTo)));
        return { ok: true, identity: `${found.kind}:${found.value}`, identities, notAfter, warnings: [] };
      },
    };
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  revoke({ serial }: IssuedCertificate): void {
    this.revoked.add(serial);
    this.changed();
  }

  rotate(own: IssuedCertificate, ca: string): void {
    this.own = own;
    this.ca = ca;
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

export function settings(store: TlsStore, changes: Partial<TlsSettings> = {}): () => TlsSettings {
  return () => ({ store, handshakes: 20, maxAgeMs: Infinity, ...changes });
}

/** Connects as the n-th master, with this certificate. Resolves once TLS is up on its side. */
export async function dial(
  port: number,
  n: number,
  own: IssuedCertificate | undefined,
  { habits, ...options }: SecureContextOptions & { readonly habits?: RawHabits } = {},
): Promise<RawPeer> {
  const socket: TLSSocket = connect({
    ...{ host: GATEWAY_HOST, port, localAddress: masterAddress(n), rejectUnauthorized: false },
    ...(own === undefined ? {} : { cert: own.chain, key: own.key }),
    ...options,
  });
  onTestFinished(() => void socket.destroy());
  const peer = new RawPeer(socket, habits);
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return peer;
}

export function newAuthority(): CertificateAuthority {
  return CertificateAuthority.root(openssl ?? '');
}
