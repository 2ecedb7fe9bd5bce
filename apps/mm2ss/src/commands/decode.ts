import { text as readText } from 'node:stream/consumers';
import {
  APCI_OCTETS,
  type ApduFormat,
  type AsduJson,
  type ExplainedField,
  Iec104Error,
  type Iec104ErrorCode,
  MAX_LENGTH,
  MIN_ASDU_OCTETS,
  MIN_LENGTH,
  START_OCTET,
  apduEnd,
  decodeAsdu,
  explainAsdu,
  formatOf,
  receiveSequence,
  sendSequence,
  toHex,
  toJson,
  uFunctionName,
} from '@iec104mm2ss/iec104';
import type { Command } from 'commander';

/** `mm2ss decode`: APDUs, or one ASDU, explained octet by octet. */
export function registerDecode(program: Command): void {
  program
    .command('decode')
    .description('explain APDUs octet by octet')
    .argument('<hex...>', 'octets in hexadecimal, one or more APDUs; - reads them from stdin')
    .option('--asdu', 'the octets are one ASDU without APCI')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      [
        '',
        'Spaces, newlines, colons, commas, dashes and 0x between the octets do not matter:',
        '  mm2ss decode 680443000000',
        '  mm2ss decode 68:0e:00:00:00:00:64:01:06:00:01:00:00:00:00:14',
        '',
        'Exit code: 0 when everything is well-formed, 1 otherwise (after explaining what is).',
      ].join('\n'),
    )
    .action(async (hex: readonly string[], options: { readonly asdu?: boolean; readonly json?: boolean }) => {
      const input = hex.length === 1 && hex[0] === '-' ? await readText(process.stdin) : hex.join(' ');
      const decoded = decode(input, options.asdu === true);
      if (options.json) process.stdout.write(`${JSON.stringify(decoded, null, 2)}\n`);
      else {
        process.stdout.write(formatDecoded(decoded));
        for (const problem of decoded.problems) process.stderr.write(`${formatProblem(problem)}\n`);
      }
      process.exitCode = decoded.problems.length === 0 ? 0 : 1;
    });
}

/** Octets and what they mean; `offset` counts from the first octet of the input. */
export interface DecodedField extends ExplainedField {
  readonly hex: string;
}

export interface DecodedApdu {
  readonly offset: number;
  /** In octets, as far as they are there. */
  readonly length: number;
  /** Undefined when the APDU ends before its control field, and for a bare ASDU. */
  readonly format?: ApduFormat;
  readonly ns?: number;
  readonly nr?: number;
  /** Of a U-format: the standard's name. */
  readonly function?: string;
  /** What the ASDU says, when it is well-formed. */
  readonly asdu?: AsduJson;
  readonly fields: readonly DecodedField[];
}

export interface DecodeProblem {
  /** Where in the input, in octets. */
  readonly offset: number;
  /** One of the library's, or `HEX` (not hexadecimal), `INCOMPLETE` (ends in the middle), `EMPTY`. */
  readonly code: Iec104ErrorCode | 'HEX' | 'INCOMPLETE' | 'EMPTY';
  readonly message: string;
}

export interface Decoded {
  readonly kind: 'apdus' | 'asdu';
  readonly lengthOctets: number;
  /** One entry per APDU; a single one without `format` for a bare ASDU. */
  readonly apdus: readonly DecodedApdu[];
  readonly problems: readonly DecodeProblem[];
}

/** Explains `input`: APDUs one after the other, or one bare ASDU. Never throws: what is wrong is in `problems`. */
export function decode(input: string, bareAsdu = false): Decoded {
  const { octets, problem } = parseHex(input);
  const problems: DecodeProblem[] = [];
  const apdus: DecodedApdu[] = [];
  if (octets.length > 0) {
    if (bareAsdu) apdus.push(decodeBareAsdu(octets, problems));
    else decodeStream(octets, apdus, problems);
  } else if (problem === undefined) {
    problems.push({ offset: 0, code: 'EMPTY', message: 'nothing to decode' });
  }
  if (problem !== undefined) {
    // What is incomplete is so because of it.
    if (problems.at(-1)?.code === 'INCOMPLETE') problems.pop();
    problems.push(problem);
  }
  return { kind: bareAsdu ? 'asdu' : 'apdus', lengthOctets: octets.length, apdus, problems };
}

// ---- hexadecimal --------------------------------------------------------------------------------------------------

/** What may stand between octets: white space, punctuation of dumps and source code, and the prefixes 0x and \x. */
const SEPARATOR = /(?:0x|\\x|[\s:,;.|_\-"'()[\]{}])+/iy;
const DIGITS = /[0-9a-f]+/iy;

/** Octets up to the first character that is not hexadecimal. A single digit between separators is an octet, too. */
export function parseHex(input: string): { octets: Uint8Array; problem?: DecodeProblem } {
  const octets: number[] = [];
  const fail = (message: string): { octets: Uint8Array; problem: DecodeProblem } => ({
    octets: Uint8Array.from(octets),
    problem: { offset: octets.length, code: 'HEX', message },
  });
  for (let at = 0; at < input.length;) {
    const separator = matchAt(SEPARATOR, input, at);
    at += separator.length;
    if (at === input.length) break;
    let digits = matchAt(DIGITS, input, at);
    // The 0 of a 0x that follows at once belongs to the prefix.
    if (/^x/i.test(input.slice(at + digits.length)) && digits.endsWith('0')) digits = digits.slice(0, -1);
    if (digits === '') return fail(`${quote(input, at)} (character ${at + 1}) is not hexadecimal`);
    if (digits.length === 1) octets.push(parseInt(digits, 16));
    else {
      for (let i = 0; i + 1 < digits.length; i += 2) octets.push(parseInt(digits.slice(i, i + 2), 16));
      if (digits.length % 2 === 1)
        return fail(`a single digit, ${quote(input, at + digits.length - 1)}; an octet has two`);
    }
    at += digits.length;
  }
  return { octets: Uint8Array.from(octets) };
}

function matchAt(pattern: RegExp, input: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(input)?.[0] ?? '';
}

function quote(input: string, at: number): string {
  return JSON.stringify(String.fromCodePoint(input.codePointAt(at) ?? 0xfffd));
}

// ---- APDUs --------------------------------------------------------------------------------------------------------

function decodeStream(octets: Uint8Array, apdus: DecodedApdu[], problems: DecodeProblem[]): void {
  for (let at = 0; at < octets.length;) {
    const start = octets[at]!;
    if (start !== START_OCTET) {
      problems.push({
        offset: at,
        code: 'APCI_START',
        message: `start octet ${octetText(start)} instead of ${octetText(START_OCTET)}; the rest is not explained`,
      });
      return;
    }
    const apdu = decodeApdu(octets, at, problems);
    apdus.push(apdu);
    // Without a length nobody knows where the next one begins.
    if (!isLength(octets[at + 1])) return;
    at += apdu.length;
  }
}

/** The APDU that begins at `at`, as far as its octets are there. */
function decodeApdu(octets: Uint8Array, at: number, problems: DecodeProblem[]): DecodedApdu {
  const fields: DecodedField[] = [];
  const add = (offset: number, count: number, text: string): void => {
    const to = Math.min(offset + count, octets.length);
    if (to > offset) fields.push(fieldOf(octets, { offset, length: to - offset, text }));
  };
  add(at, 1, 'start');
  const length = octets[at + 1];
  if (length === undefined) {
    problems.push({ offset: at + 1, code: 'INCOMPLETE', message: 'the APDU ends after its start octet' });
    return { offset: at, length: 1, fields };
  }
  if (!isLength(length)) {
    const message = `length octet ${length}, allowed are ${MIN_LENGTH}..${MAX_LENGTH}`;
    add(at + 1, 1, message);
    problems.push({ offset: at + 1, code: 'APCI_LENGTH', message: `${message}; the rest is not explained` });
    return { offset: at, length: 2, fields };
  }
  add(at + 1, 1, `length ${length}`);
  const end = Math.min(apduEnd(octets, at), octets.length);
  const whole = end === apduEnd(octets, at);
  let apdu: DecodedApdu = { offset: at, length: end - at, fields };
  if (end > at + 2) {
    const format = formatOf(octets, at);
    apdu = { ...apdu, format };
    // Numbers of a control field that is cut off are not numbers.
    if (end >= at + APCI_OCTETS) apdu = { ...apdu, ...controlField(octets, at, format) };
    explainControlField(octets, at, format, add);
    if (whole) checkFormat(octets, at, format, length, problems);
    if (end > at + APCI_OCTETS) {
      const asdu = octets.subarray(at + APCI_OCTETS, end);
      if (format !== 'I') add(at + APCI_OCTETS, asdu.length, `no ${format}-format has an ASDU`);
      else apdu = { ...apdu, ...decodeAsduAt(octets, at + APCI_OCTETS, end, fields, whole ? problems : undefined) };
    }
  }
  if (!whole) {
    const message = `the APDU at octet ${at} announces ${length} octets after its length octet, ${end - at - 2} are there`;
    problems.push({ offset: end, code: 'INCOMPLETE', message });
  }
  return apdu;
}

function isLength(octet: number | undefined): boolean {
  return octet !== undefined && octet >= MIN_LENGTH && octet <= MAX_LENGTH;
}

function controlField(octets: Uint8Array, at: number, format: ApduFormat): Partial<DecodedApdu> {
  if (format === 'I') return { ns: sendSequence(octets, at), nr: receiveSequence(octets, at) };
  if (format === 'S') return { nr: receiveSequence(octets, at) };
  const name = uFunctionName(octets[at + 2]!);
  return name === undefined ? {} : { function: name };
}

function explainControlField(
  octets: Uint8Array,
  at: number,
  format: ApduFormat,
  add: (offset: number, count: number, text: string) => void,
): void {
  const [first = 0, second = 0, third = 0, fourth = 0] = octets.subarray(at + 2, at + APCI_OCTETS);
  const have = octets.length - at - 2;
  const sequence = (offset: number, name: string, value: number, lowest: number): void => {
    if (have >= offset + 2) add(at + 2 + offset, 2, `${name} ${value}${lowest & 1 ? ', reserved bit set' : ''}`);
    else if (have === offset + 1) add(at + 2 + offset, 1, `${name}, cut off`);
  };
  if (format === 'I') {
    sequence(0, 'I-format, N(S)', sendSequence(octets, at), 0);
    sequence(2, 'N(R)', receiveSequence(octets, at), third);
  } else if (format === 'S') {
    add(at + 2, 1, `S-format${first === 1 ? '' : ', reserved bits set'}`);
    add(at + 3, 1, second === 0 ? 'not used' : 'not used, but not 0');
    sequence(2, 'N(R)', receiveSequence(octets, at), third);
  } else {
    add(at + 2, 1, `U-format, ${uFunctionName(first) ?? 'none of the six functions'}`);
    add(at + 3, 3, (second | third | fourth) === 0 ? 'not used' : 'not used, but not 0');
  }
}

/** What the link would close the connection for, whatever its state. */
function checkFormat(
  octets: Uint8Array,
  at: number,
  format: ApduFormat,
  length: number,
  problems: DecodeProblem[],
): void {
  if (format === 'I') {
    if (length < MIN_LENGTH + MIN_ASDU_OCTETS) {
      const message = `I-format APDU of length ${length} holds no ASDU, which has at least ${MIN_ASDU_OCTETS} octets`;
      problems.push({ offset: at + 1, code: 'APCI_LENGTH', message });
    }
    return;
  }
  if (length !== MIN_LENGTH) {
    const message = `${format}-format APDU of length ${length}, must be ${MIN_LENGTH}`;
    problems.push({ offset: at + 1, code: 'APCI_LENGTH', message });
  }
  if (format === 'U' && uFunctionName(octets[at + 2]!) === undefined) {
    const message = `U-format control octet ${octetText(octets[at + 2]!)} is none of the six functions`;
    problems.push({ offset: at + 2, code: 'APCI_CONTROL', message });
  }
}

// ---- ASDU ---------------------------------------------------------------------------------------------------------

function decodeBareAsdu(octets: Uint8Array, problems: DecodeProblem[]): DecodedApdu {
  const fields: DecodedField[] = [];
  const decoded = decodeAsduAt(octets, 0, octets.length, fields, problems);
  return { offset: 0, length: octets.length, ...decoded, fields };
}

/**
 * Adds the explanation of the ASDU in `octets[from..end)` to `fields`, and what is wrong with it to `problems` (undefined
 * when it is known to be cut off).
 */
function decodeAsduAt(
  octets: Uint8Array,
  from: number,
  end: number,
  fields: DecodedField[],
  problems: DecodeProblem[] | undefined,
): { asdu?: AsduJson } {
  const asdu = octets.subarray(from, end);
  const explained = explainAsdu(asdu, from);
  for (const field of explained) fields.push(fieldOf(octets, field));
  try {
    return { asdu: toJson(decodeAsdu(asdu)) };
  } catch (error) {
    if (!(error instanceof Iec104Error)) throw error;
    const told = problems?.some(({ code, offset }) => code === 'APCI_LENGTH' && offset === from - APCI_OCTETS + 1);
    // The explanation ends where the octets no longer fit what was announced.
    const offset = explained.at(-1)?.offset ?? from;
    if (!told) problems?.push({ offset, code: error.code, message: error.message });
    return {};
  }
}

function fieldOf(octets: Uint8Array, { offset, length, text }: ExplainedField): DecodedField {
  return { offset, length, hex: toHex(octets.subarray(offset, offset + length)), text };
}

// ---- text ---------------------------------------------------------------------------------------------------------

/** Octets on one line. */
const LINE_OCTETS = 8;

/** The explanation for people; problems are not part of it. */
export function formatDecoded({ kind, apdus }: Decoded): string {
  const lines: string[] = [];
  for (const [index, apdu] of apdus.entries()) {
    if (index > 0) lines.push('');
    lines.push(`${kind === 'asdu' ? 'ASDU' : `APDU ${index + 1}`}, ${headline(apdu)}:`);
    for (const field of apdu.fields) lines.push(...formatField(field));
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

export function formatProblem({ offset, code, message }: DecodeProblem): string {
  return code === 'EMPTY' ? `mm2ss: ${message}` : `mm2ss: octet ${offset}: ${message}`;
}

function headline({ offset, length, format, ns, nr, function: fn, asdu }: DecodedApdu): string {
  const what: string[] = [];
  if (format !== undefined) what.push(`${format}-format`);
  if (ns !== undefined) what.push(`N(S) ${ns}`);
  if (nr !== undefined) what.push(`N(R) ${nr}`);
  if (fn !== undefined) what.push(fn);
  if (asdu !== undefined) what.push(`${asdu.type} ${asdu.cause}`);
  const where = length === 1 ? `octet ${offset}` : `octets ${offset}-${offset + length - 1}`;
  return what.length === 0 ? where : `${where}, ${what.join(' ')}`;
}

function formatField({ offset, hex, text }: DecodedField): string[] {
  const octets = hex.match(/../g) ?? [];
  const lines: string[] = [];
  for (let at = 0; at === 0 || at < octets.length; at += LINE_OCTETS) {
    const place = octets.length === 0 ? '' : String(offset + at);
    const shown = octets.slice(at, at + LINE_OCTETS).join(' ');
    lines.push(`${place.padStart(6)}  ${shown.padEnd(LINE_OCTETS * 3)} ${at === 0 ? text : ''}`.trimEnd());
  }
  return lines;
}

function octetText(octet: number): string {
  return `0x${toHex(Uint8Array.of(octet))}`;
}
