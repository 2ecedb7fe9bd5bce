import { isUtf8 } from 'node:buffer';

/** How the octets of a file were read. */
export type FileEncoding = 'UTF-8' | 'UTF-8 with BOM' | 'UTF-16LE' | 'UTF-16BE' | 'Windows-1252';

export type DecodedFile =
  { readonly text: string; readonly encoding: FileEncoding } | { readonly text: undefined; readonly fault: string };

/** What a file begins with that is none of text. */
const OTHER_FILES: readonly (readonly [readonly number[], string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], 'the file is a workbook (.xlsx, .ods): save it as CSV'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'the file is a workbook (.xls): save it as CSV'],
  [[0x1f, 0x8b], 'the file is compressed (gzip): save it as CSV'],
  [[0xff, 0xfe, 0, 0], 'the file is UTF-32: save it as CSV in UTF-8'],
  [[0, 0, 0xfe, 0xff], 'the file is UTF-32: save it as CSV in UTF-8'],
];
const UTF8_MARK = [0xef, 0xbb, 0xbf];
const UTF16LE_MARK = [0xff, 0xfe];
const UTF16BE_MARK = [0xfe, 0xff];
const CUT_UTF16 = 'the file is UTF-16 and ends within a character: it was cut off';
/** So many octets tell whether a file without a mark is UTF-16. */
const SAMPLE_OCTETS = 512;

/**
 * The text of a file as spreadsheets and editors save it: UTF-8, UTF-16 ("Unicode text"), or the code page of a Western
 * European Windows, which is what is left when it is no UTF-8. Other code pages cannot be told from that one: their letters
 * come out wrong, the digits and separators of the file do not.
 */
export function decodeFile(octets: Uint8Array): DecodedFile {
  const other = OTHER_FILES.find(([mark]) => beginsWith(octets, mark));
  if (other !== undefined) return { text: undefined, fault: other[1] };
  const encoding = encodingOf(octets);
  if (encoding === undefined) return { text: undefined, fault: CUT_UTF16 };
  return { text: new TextDecoder(LABELS[encoding]).decode(octets), encoding };
}

/**
 * The text of a file that is handed on to others: in UTF-8 without a mark, with LF at the end of each line, also of the last one.
 * It is read as the file itself is. Undefined when the file is none of text.
 */
export function configurationText(octets: Uint8Array): string | undefined {
  const text = decodeFile(octets).text?.replace(/\r\n?/g, '\n');
  return text === undefined || text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/**
 * The octets of a text in `encoding`, with the mark at the beginning that `like` has. Undefined when one of its characters does not
 * exist there.
 */
export function encodeFile(text: string, encoding: FileEncoding, like: Uint8Array): Uint8Array | undefined {
  const mark = [UTF8_MARK, UTF16LE_MARK, UTF16BE_MARK].find((each) => beginsWith(like, each)) ?? [];
  if (encoding === 'Windows-1252') return windows1252(text);
  if (encoding === 'UTF-8' || encoding === 'UTF-8 with BOM')
    return Buffer.concat([Buffer.from(mark), Buffer.from(text)]);
  const octets = Buffer.from(text, 'utf16le');
  return Buffer.concat([Buffer.from(mark), encoding === 'UTF-16BE' ? octets.swap16() : octets]);
}

function windows1252(text: string): Uint8Array | undefined {
  const all = new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 256 }, (_, octet) => octet));
  const octets = Array.from(text, (character) => all.indexOf(character));
  return octets.includes(-1) ? undefined : Uint8Array.from(octets);
}

/** For `TextDecoder`, which leaves a byte order mark out. */
const LABELS: Readonly<Record<FileEncoding, string>> = {
  'UTF-8': 'utf-8',
  'UTF-8 with BOM': 'utf-8',
  'UTF-16LE': 'utf-16le',
  'UTF-16BE': 'utf-16be',
  'Windows-1252': 'windows-1252',
};

/** Undefined for half of a file in UTF-16. */
function encodingOf(octets: Uint8Array): FileEncoding | undefined {
  if (beginsWith(octets, UTF8_MARK) && isUtf8(octets)) return 'UTF-8 with BOM';
  if (beginsWith(octets, UTF16LE_MARK)) return 'UTF-16LE';
  if (beginsWith(octets, UTF16BE_MARK)) return 'UTF-16BE';
  const unmarked = utf16WithoutMark(octets);
  if (unmarked !== undefined) return octets.length % 2 === 0 ? unmarked : undefined;
  return isUtf8(octets) ? 'UTF-8' : 'Windows-1252';
}

/** Nearly every second octet of a file in UTF-16 is 0; in no other text any is. */
function utf16WithoutMark(octets: Uint8Array): FileEncoding | undefined {
  const length = Math.min(octets.length, SAMPLE_OCTETS);
  if (length < 4) return undefined;
  const zeros = [0, 0];
  for (let at = 0; at < length; at++) if (octets[at] === 0) zeros[at % 2] = (zeros[at % 2] as number) + 1;
  const [high = 0, low = 0] = zeros;
  const many = length / 2 / 2;
  if (low > many && high === 0) return 'UTF-16LE';
  return high > many && low === 0 ? 'UTF-16BE' : undefined;
}

function beginsWith(octets: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((octet, index) => octets[index] === octet);
}
