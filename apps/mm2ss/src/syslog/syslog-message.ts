/** A security event as the logger has written it; see SecurityFields for the rest. */
export interface EventLine {
  /** ISO 8601, UTC, milliseconds. */
  readonly time: string;
  readonly msg?: string;
  readonly severity: string;
  readonly event_id: string;
  readonly event_seq: number;
  readonly [field: string]: unknown;
}

/** What is the same in all messages of a process. */
export interface SyslogOrigin {
  readonly hostName: string;
  readonly processId: number;
  readonly release: string;
}

/** What every receiver must take (RFC 5425, clause 4.3.1; RFC 5426, clause 3.2). */
export const MAX_MESSAGE_OCTETS = 2_048;
/** Of the text for people, when the fields leave so much. */
const MAX_VALUE_CHARACTERS = 256;

/** RFC 5424, clause 6.2.1: security/authorization messages. */
const FACILITY = 10;
const SEVERITIES: readonly (string | undefined)[] = [
  undefined,
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'informational',
];
const INFORMATIONAL = 6;

/** Of RFC 5424, clause 7; and our own, under the enterprise number for those that have none (RFC 5612). */
const OWN_SD_ID = 'mm2ss@32473';
/** In the header already. */
const NOT_FIELDS = new Set(['time', 'msg', 'level']);
/** These come first: what does not fit is left out at the end. */
const FIRST = ['event', 'event_id', 'severity', 'event_seq', 'instance', 'group', 'session', 'peer', 'identity'];
const FURTHER_FIRST = ['reason', 'clause', 'count', 'events'];
/** RFC 5424, clause 7.3.1: from 1 to 2^31 - 1, then from 1 again. */
const MAX_SEQUENCE_ID = 0x7fffffff;

const BOM = '\uFEFF';
const TRUNCATED = ' truncated="yes"';

/**
 * One security event as a syslog message (RFC 5424), without framing: MSGID is the id of the event, the fields are structured
 * data, MSG is the text for people. Never more than MAX_MESSAGE_OCTETS: fields that do not fit are left out, which is said.
 */
export function syslogMessage(line: EventLine, { hostName, processId, release }: SyslogOrigin): Buffer {
  const severity = Math.max(SEVERITIES.indexOf(line.severity), 0) || INFORMATIONAL;
  const header = [
    `<${FACILITY * 8 + severity}>1`,
    printable(line.time, 32),
    printable(hostName, 255),
    'mm2ss',
    String(processId),
    printable(line.event_id, 32),
  ].join(' ');
  const sequence = ((line.event_seq - 1) % MAX_SEQUENCE_ID) + 1;
  const standard = `[meta sequenceId="${sequence}"][origin software="iec104mm2ss" swVersion="${escaped(release)}"]`;
  let text = `${header} ${standard}[${OWN_SD_ID}`;
  let octets = Buffer.byteLength(text);
  const room = MAX_MESSAGE_OCTETS - TRUNCATED.length - 1;
  let complete = true;
  for (const [name, value] of fieldsOf(line)) {
    const parameter = ` ${name}="${escaped(value)}"`;
    const length = Buffer.byteLength(parameter);
    if (octets + length > room) complete = false;
    else {
      text += parameter;
      octets += length;
    }
  }
  text += complete ? ']' : `${TRUNCATED}]`;
  return cut(Buffer.from(`${text}${messageText(line.msg ?? '')}`));
}

/** Names and values, what matters most first. */
function fieldsOf(line: EventLine): [name: string, value: string][] {
  const order = [...FIRST, ...FURTHER_FIRST];
  const rest = Object.keys(line).filter((name) => !NOT_FIELDS.has(name) && !order.includes(name));
  return [...order, ...rest].flatMap((name): [string, string][] => {
    const value = line[name];
    if (value === undefined || value === null) return [];
    return [[parameterName(name), typeof value === 'string' ? value : JSON.stringify(value)]];
  });
}

/** RFC 5424, clause 6.3.3: `"`, `\` and `]` are escaped. Control characters would end the message for some receivers. */
function escaped(value: string): string {
  const characters = Array.from(visible(value));
  const shown =
    characters.length <= MAX_VALUE_CHARACTERS ? characters : [...characters.slice(0, MAX_VALUE_CHARACTERS), '…'];
  return shown.join('').replace(/["\\\]]/g, '\\$&');
}

/** MSG with the space before it; RFC 5424, clause 6.4: UTF-8 is announced by a byte order mark. */
function messageText(message: string): string {
  if (message === '') return '';
  const text = visible(message);
  return /^[\x20-\x7e]*$/.test(text) ? ` ${text}` : ` ${BOM}${text}`;
}

/** Without control characters, and without halves of surrogate pairs, which are no UTF-8. */
function visible(text: string): string {
  return text.toWellFormed().replace(/\p{Cc}/gu, ' ');
}

/** A field of the header: printable ASCII without blanks, `-` for nothing. */
function printable(text: string, maxLength: number): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, maxLength) || '-';
}

/** SD-NAME: 1 to 32 printable characters without `=`, `]` and `"`. */
function parameterName(name: string): string {
  return printable(name.replace(/[=\]"]/g, ''), 32);
}

/** At the end of a character. */
function cut(message: Buffer): Buffer {
  if (message.length <= MAX_MESSAGE_OCTETS) return message;
  let end = MAX_MESSAGE_OCTETS;
  while (((message[end] as number) & 0xc0) === 0x80) end--;
  return message.subarray(0, end);
}
