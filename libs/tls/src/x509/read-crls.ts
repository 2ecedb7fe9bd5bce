/**
 * Reads CRLs, on a thread of their own when they are large: 20,000 entries take the better part of a second. The thread runs
 * this very file, whatever it is part of (a source, what tsc has made, a chunk of the bundle), so it imports packages only. In a
 * single executable application it is an asset, as CommonJS.
 */
import { getAsset, isSea } from 'node:sea';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  CertificateList,
  type Extension,
  id_ce_authorityKeyIdentifier,
  id_ce_cRLNumber,
  RevokedCertificate,
} from '@peculiar/asn1-x509';

/** Smaller files are read at once: a thread costs more than they do. */
const LARGE_OCTETS = 65_536;
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
  const settings = { workerData: task, execArgv: [], env: {}, stderr: true };
  const worker = isSea()
    ? new Worker(getAsset('read-crls.cjs', 'utf8'), { ...settings, eval: true })
    : new Worker(new URL(import.meta.url), settings);
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
  try {
    return readParts(partsOf(der));
  } catch (error) {
    throw new Error('it is no CRL, or is cut off', { cause: error });
  }
}

function readParts({ header, signed, entries }: Parts): ReadCrl {
  const { tbsCertList: tbs, signatureAlgorithm, signature } = AsnConvert.parse(header, CertificateList);
  const algorithm = octetsOf(AsnConvert.serialize(signatureAlgorithm));
  const isSame = Buffer.compare(algorithm, octetsOf(AsnConvert.serialize(tbs.signature))) === 0;
  const number = tbs.crlExtensions?.find(({ extnID }) => extnID === id_ce_cRLNumber)?.extnValue.buffer;
  let fault = faultOf(tbs.crlExtensions ?? []) ?? (isSame ? undefined : 'it names two algorithms of its signature');
  const serials: Buffer[] = [];
  for (const entry of entries) {
    const { userCertificate, crlEntryExtensions = [] } = AsnConvert.parse(entry, RevokedCertificate);
    serials.push(withoutZeros(Buffer.from(userCertificate)));
    fault ??= entryFault(crlEntryExtensions);
  }
  return {
    issuer: octetsOf(AsnConvert.serialize(tbs.issuer)),
    thisUpdate: tbs.thisUpdate.getTime().getTime(),
    nextUpdate: tbs.nextUpdate?.getTime().getTime(),
    number: number && integerOf(number),
    algorithm,
    signed: Uint8Array.from(signed),
    signature: octetsOf(signature),
    ...sorted(serials),
    fault,
  };
}

interface Parts {
  /** The CRL as it would be with no entries. */
  readonly header: Uint8Array;
  /** What the signature is about. */
  readonly signed: Uint8Array;
  /** Each entry by itself. */
  readonly entries: readonly Uint8Array[];
}

const SEQUENCE = 0x30;
/** UTCTime and GeneralizedTime. */
const TIMES: readonly (number | undefined)[] = [0x17, 0x18];

/**
 * Takes the entries out, which are read one by one: a tree of all of them takes 10 kB for each. They are the SEQUENCE that follows
 * the times (RFC 5280, clause 5.1.2); what does not have that structure fails when the rest is read.
 */
function partsOf(der: Uint8Array): Parts {
  const [whole, ...more] = elementsOf(der);
  const [signed, ...signature] = elementsOf(contentOf(whole));
  const fields = elementsOf(contentOf(signed));
  const list = fields.findIndex(([tag], i) => tag === SEQUENCE && TIMES.includes(fields[i - 1]?.[0]));
  if (signed === undefined || more.length > 0) throw new Error('there is something behind it');
  return {
    signed,
    header: sequence([sequence(fields.filter((_, i) => i !== list)), ...signature]),
    entries: list === -1 ? [] : elementsOf(contentOf(fields[list])),
  };
}

/** The elements that follow each other in `octets`, each with its tag and length: DER, so lengths are definite. */
function elementsOf(octets: Uint8Array): Uint8Array[] {
  const elements: Uint8Array[] = [];
  for (let at = 0; at < octets.length;) {
    const end = at + headOf(octets, at) + lengthOf(octets, at);
    if (end > octets.length) throw new Error('it is cut off');
    elements.push(octets.subarray(at, end));
    at = end;
  }
  return elements;
}

function contentOf(element: Uint8Array | undefined): Uint8Array {
  if (element?.[0] !== SEQUENCE) throw new Error('a SEQUENCE is missing');
  return element.subarray(headOf(element, 0));
}

/** Octets of tag and length: a long length says how many octets it has itself. */
function headOf(octets: Uint8Array, at: number): number {
  const first = octets[at + 1] ?? NaN;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

function lengthOf(octets: Uint8Array, at: number): number {
  const first = octets[at + 1] ?? NaN;
  if (first < 0x80) return first;
  const count = first & 0x7f;
  if (!(count >= 1 && count <= 4)) throw new Error('a length is not that of DER');
  return Buffer.from(octets.buffer, octets.byteOffset + at + 2, count).readUIntBE(0, count);
}

function sequence(elements: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(elements);
  const head = Buffer.from([SEQUENCE, 0x84, 0, 0, 0, 0]);
  head.writeUInt32BE(content.length, 2);
  return Buffer.concat([head, content]);
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

function entryFault(extensions: readonly Extension[]): string | undefined {
  for (const { extnID, critical } of extensions) {
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
