import type { KeyObject } from 'node:crypto';
import { RsaSaPssParams } from '@peculiar/asn1-rsa';
import type { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { parseAsn1 } from './asn1.js';

const LEAST_RSA_BITS = 2048;
/** OpenSSL's names of the curves with at least 256 bits, and what people call them. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
  brainpoolP256r1: 'brainpoolP256r1',
  brainpoolP384r1: 'brainpoolP384r1',
  brainpoolP512r1: 'brainpoolP512r1',
};

export interface KeyStrength {
  /** For people: `RSA 2048`, `EC P-256`. */
  readonly text: string;
  readonly weak: boolean;
}

/** What a key is worth: IEC 62351-3 asks for RSA with 2048 bits at least. What is not known is weak. */
export function keyStrength({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): KeyStrength {
  if (type === 'rsa' || type === 'rsa-pss') {
    const bits = details?.modulusLength ?? 0;
    return { text: `RSA ${bits}`, weak: bits < LEAST_RSA_BITS };
  }
  if (type === 'ec') {
    const curve = details?.namedCurve ?? 'a curve of its own';
    return { text: `EC ${CURVES[curve] ?? curve}`, weak: !Object.hasOwn(CURVES, curve) };
  }
  if (type === 'ed25519' || type === 'ed448') return { text: type === 'ed448' ? 'Ed448' : 'Ed25519', weak: false };
  return { text: type ?? 'unknown', weak: true };
}

/** How a certificate or CRL is signed. */
export interface SignatureScheme {
  /** For `crypto.verify`; null where the key decides (EdDSA). */
  readonly hash: string | null;
  readonly pss: boolean;
}

const PSS = '1.2.840.113549.1.1.10';
const SCHEMES: Readonly<Record<string, SignatureScheme>> = {
  '1.2.840.113549.1.1.11': { hash: 'sha256', pss: false },
  '1.2.840.113549.1.1.12': { hash: 'sha384', pss: false },
  '1.2.840.113549.1.1.13': { hash: 'sha512', pss: false },
  '1.2.840.10045.4.3.2': { hash: 'sha256', pss: false },
  '1.2.840.10045.4.3.3': { hash: 'sha384', pss: false },
  '1.2.840.10045.4.3.4': { hash: 'sha512', pss: false },
  '1.3.101.112': { hash: null, pss: false },
  '1.3.101.113': { hash: null, pss: false },
};
const PSS_HASHES: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** Weak ones that are met, for the reason. */
const WEAK: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'MD2',
  '1.2.840.113549.1.1.4': 'MD5',
  '1.2.840.113549.1.1.5': 'SHA-1',
  '1.2.840.10040.4.3': 'SHA-1 and DSA',
  '1.2.840.10045.4.1': 'SHA-1',
  '1.2.840.10045.4.3.1': 'SHA-224',
  '1.2.840.113549.1.1.14': 'SHA-224',
};

/** The scheme, or as a text why it is not accepted: `SHA-1`. */
export function signatureScheme({ algorithm, parameters }: AlgorithmIdentifier): SignatureScheme | string {
  if (algorithm !== PSS) return SCHEMES[algorithm] ?? WEAK[algorithm] ?? `the unknown algorithm ${algorithm}`;
  // Without parameters it is SHA-1 (RFC 4055, clause 3.1).
  if (!parameters) return 'SHA-1';
  const { hashAlgorithm } = parseAsn1(parameters, RsaSaPssParams, 'signature algorithm');
  const hash = PSS_HASHES[hashAlgorithm.algorithm];
  return hash === undefined ? `RSASSA-PSS with the hash ${hashAlgorithm.algorithm}` : { hash, pss: true };
}
