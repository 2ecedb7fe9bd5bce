import type { AttributeValue, Name } from '@peculiar/asn1-x509';
import { hexOf } from './asn1.js';
import { printable } from './printable.js';

const COMMON_NAME = '2.5.4.3';
/** RFC 4514, clause 3, and those that control centres use. */
const SHORT: Readonly<Record<string, string>> = {
  [COMMON_NAME]: 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'email',
};

/** One distinguished name, as it is compared and as it is shown. */
export interface DistinguishedName {
  /** Equal for names that RFC 5280, clause 7.1, calls equal: whatever kind of string, case and blanks. */
  readonly canonical: string;
  /** For people, printable. */
  readonly text: string;
  /** The most specific common name: the last one. Undefined: there is none, or it is no text. */
  readonly commonName: string | undefined;
}

export function distinguishedName(name: Name): DistinguishedName {
  const parts = name.map((rdn) => rdn.map(({ type, value }) => ({ type, text: textOf(value), value })));
  const common = parts.flat().filter(({ type }) => type === COMMON_NAME);
  return {
    canonical: JSON.stringify(
      parts.map((rdn) => rdn.map(({ type, text, value }) => `${type}=${folded(text, value)}`).sort()),
    ),
    text: parts.flat().map(shown).join(', ') || '(no name)',
    commonName: common.at(-1)?.text,
  };
}

function textOf(value: AttributeValue): string | undefined {
  const { utf8String, printableString, ia5String, bmpString, teletexString, universalString } = value;
  return utf8String ?? printableString ?? ia5String ?? bmpString ?? teletexString ?? universalString;
}

function folded(text: string | undefined, { anyValue }: AttributeValue): string {
  if (text === undefined) return `#${anyValue === undefined ? '' : hexOf(anyValue)}`;
  return `"${text.normalize('NFKC').toLowerCase().trim().replaceAll(/ +/g, ' ')}"`;
}

function shown({ type, text }: { readonly type: string; readonly text: string | undefined }): string {
  return `${SHORT[type] ?? type}=${text === undefined ? '?' : printable(text)}`;
}
