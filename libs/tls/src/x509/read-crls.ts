/**
 * Reads CRLs, on a thread of their own when they are large: 20,000 entries take the better part of a second. The thread runs
 * this very file, whatever it is part of (a source, what tsc has made, a chunk of the bundle), so it imports packages only.
 */
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { AsnConvert } from '@peculiar/asn1-schema';
import { CertificateList, type Extension, id_ce_authorityKeyIdentifier, id_ce_cRLNumber } from '@peculiar/asn1-x509';

/** Smaller files are read at once: a thread costs more than they do. */
const LARGE_OCTETS = 65_536;
/** Of one CRL: a million entries; asn1js refuses more than 10,000 nodes by itself. */
const LIMITS = { berOptions: { maxDepth: 32, maxNodes: 10_000_000, maxContentLength: 0x8000000 } };
/** No reader needs longer; one that does has gone wrong. */
const LONGEST_MS = 60_000;

const id_ce_deltaCRLIndicator = '2.5.29.27';
const id_ce_issuingDistributionPoint = '2.5.29.28';
const id_ce_certificateIssuer = '2.5.29.29';
const UNDERSTOOD = [id_ce_authorityKeyIdentifier, id_ce_cRLNumber];

/** One CRL (RFC 5280, clause 5) as it was found; its signature is not verified yet. */
export interface ReadCrl {
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array;
  /** ms since 1970-01-01 UTC. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  /** CRL number in hexadecimal digits; undefined: it has none. */
  readonly number: string | undefined;
  /** DER of the algorithm of the signature, what is signed, and the signature. */
  readonly algorithm: Uint8Array;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** Serial numbers that are revoked, in order, each filled up with zeros in front to `width` octets. */
  readonly serials: Uint8Array;
  readonly width: number;
  /** Why it cannot be used, whoever has signed it. */
  readonly fault: string | undefined;
}

/** CRLs of a file, PEM with any number of them or DER. Rejects with a reason for people when there is none to read. */
export async function readCrls(octets: Uint8Array, largeOctets = LARGE_OCTETS): Promise<ReadCrl[]> {
  return octets.length < largeOctets ? parse(octets) : await onThread(octets);
}

interface Task {
  readonly task: 'read-crls';
  readonly octets: Uint8Array;
}

interface Outcome {
  readonly crls?: ReadCrl[];
  readonly reason?: string;
}

function onThread(octets: Uint8Array): Promise<ReadCrl[]> {
  const task: Task = { task: 'read-crls', octets };
  const worker = new Worker(new URL(import.meta.url), { workerData: task, execArgv: [], env: {}, stderr: true });
  return new Promise<ReadCrl[]>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it takes too long to read')), LONGEST_MS);
    const done = (settle: () => void): void => {
      clearTimeout(timer);
      settle();
    };
    worker.once('message', ({ crls, reason }: Outcome) =>
      done(() => (crls === undefined ? reject(new Error(reason)) : resolve(crls))),
    );
    worker.once('error', (error) => done(() => reject(new Error('its reader has failed', { cause: error }))));
    worker.once('exit', () => done(() => reject(new Error('its reader has ended'))));
  }).finally(() => void worker.terminate());
}

function parse(octets: Uint8Array): ReadCrl[] {
  const found = octets[0] === 0x30 ? [octets] : pemBlocks(Buffer.from(octets).toString('latin1'));
  return found.map(parseOne);
}

function pemBlocks(text: string): Uint8Array[] {
  const blocks = [...text.matchAll(/-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]*)-----END X509 CRL-----/g)];
  if (blocks.length !== text.split('-----BEGIN').length - 1) {
    throw new Error('it has something that is no CRL, or is cut off');
  }
  if (blocks.length === 0) throw new Error('there is no CRL in it, neither PEM nor DER');
  return blocks.map(([, base64 = '']) => Buffer.from(base64, 'base64'));
}

function parseOne(der: Uint8Array): ReadCrl {
  let list: CertificateList;
  try {
    list = AsnConvert.parse(der, CertificateList, LIMITS);
  } catch (error) {
    throw new Error('it is no CRL, or is cut off', { cause: error });
  }
  const { tbsCertList: tbs, tbsCertListRaw = new ArrayBuffer(0), signatureAlgorithm, signature } = list;
  const entries = tbs.revokedCertificates ?? [];
  const algorithm = octetsOf(AsnConvert.serialize(signatureAlgorithm));
  const isSame = Buffer.compare(algorithm, octetsOf(AsnConvert.serialize(tbs.signature))) === 0;
  const number = tbs.crlExtensions?.find(({ extnID }) => extnID === id_ce_cRLNumber)?.extnValue.buffer;
  return {
    issuer: octetsOf(AsnConvert.serialize(tbs.issuer)),
    thisUpdate: tbs.thisUpdate.getTime().getTime(),
    nextUpdate: tbs.nextUpdate?.getTime().getTime(),
    number: number && integerOf(number),
    algorithm,
    signed: octetsOf(tbsCertListRaw),
    signature: octetsOf(signature),
    ...sorted(entries.map(({ userCertificate }) => withoutZeros(Buffer.from(userCertificate)))),
    fault:
      faultOf(tbs.crlExtensions ?? []) ??
      entryFault(entries.map(({ crlEntryExtensions = [] }) => crlEntryExtensions)) ??
      (isSame ? undefined : 'it names two algorithms of its signature'),
  };
}

function faultOf(extensions: readonly Extension[]): string | undefined {
  for (const { extnID, critical } of extensions) {
    if (extnID === id_ce_deltaCRLIndicator) return 'it is a delta CRL; the whole one is needed';
    if (extnID === id_ce_issuingDistributionPoint) {
      return 'it is for a part of the certificates only (issuing distribution point, or indirect); one for all is needed';
    }
    if (critical && !UNDERSTOOD.includes(extnID)) return `it has the critical extension ${extnID}, not known here`;
  }
  return undefined;
}

function entryFault(entries: readonly (readonly Extension[])[]): string | undefined {
  for (const { extnID, critical } of entries.flat()) {
    if (extnID === id_ce_certificateIssuer) return 'it is an indirect CRL: it revokes certificates of other issuers';
    if (critical) return `an entry has the critical extension ${extnID}, not known here`;
  }
  return undefined;
}

function sorted(serials: Buffer[]): Pick<ReadCrl, 'serials' | 'width'> {
  const width = serials.reduce((most, { length }) => Math.max(most, length), 1);
  const all = new Uint8Array(width * serials.length);
  serials
    .sort((a, b) => a.length - b.length || Buffer.compare(a, b))
    .forEach((serial, i) => all.set(serial, (i + 1) * width - serial.length));
  return { serials: all, width };
}

function withoutZeros(integer: Buffer): Buffer {
  let zeros = 0;
  while (zeros < integer.length - 1 && integer[zeros] === 0) zeros++;
  return integer.subarray(zeros);
}

/** Content of a DER INTEGER with less than 128 octets. */
const integerOf = (der: ArrayBuffer): string => withoutZeros(Buffer.from(der).subarray(2)).toString('hex');

/** A copy of its own: what is posted to another thread takes all of the memory behind it along. */
const octetsOf = (buffer: ArrayBuffer): Uint8Array => new Uint8Array(buffer.slice(0));

const given = workerData as Partial<Task> | null;
if (parentPort !== null && given?.task === 'read-crls' && given.octets !== undefined) {
  let outcome: Outcome;
  try {
    outcome = { crls: parse(given.octets) };
  } catch (error) {
    outcome = { reason: (error as Error).message };
  }
  parentPort.postMessage(outcome);
}
