/** A message that was parsed by the letter of RFC 5424. */
export interface SyslogMessage {
  readonly facility: number;
  readonly severity: number;
  readonly timestamp: string;
  readonly hostName: string;
  readonly appName: string;
  readonly processId: string;
  readonly messageId: string;
  /** By SD-ID; values unescaped. */
  readonly data: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Without the byte order mark. */
  readonly text: string;
}

const HEADER =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) ([\x21-\x7e]{1,128}) ([\x21-\x7e]{1,32}) /;
const NAME = String.raw`[\x21\x23-\x3c\x3e-\x5c\x5e-\x7e]{1,32}`;
/** Within a value `"`, `\` and `]` are escaped, and nothing else may be. */
const ELEMENT = new RegExp(String.raw`^\[(${NAME})((?: ${NAME}="(?:[^"\\\]]|\\["\\\]])*")*)\]`, 'u');
const PARAMETER = new RegExp(String.raw` (${NAME})="((?:[^"\\\]]|\\["\\\]])*)"`, 'gu');

/** @throws when the octets are not what RFC 5424 says, clause 6 */
export function parseSyslogMessage(octets: Uint8Array): SyslogMessage {
  const whole = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  const [head, priority, timestamp, hostName, appName, processId, messageId] = HEADER.exec(whole) ?? [];
  if (head === undefined || Number(priority) > 191) throw new Error(`no header of RFC 5424: ${whole.slice(0, 80)}`);
  const data: Record<string, Record<string, string>> = {};
  let rest = whole.slice(head.length);
  while (rest.startsWith('[')) {
    const [element, id, parameters] = ELEMENT.exec(rest) ?? [];
    if (element === undefined || id === undefined || id in data) throw new Error(`no structured data: ${rest}`);
    data[id] = {};
    for (const [, name = '', value = ''] of (parameters ?? '').matchAll(PARAMETER)) {
      data[id][name] = value.replace(/\\(["\\\]])/g, '$1');
    }
    rest = rest.slice(element.length);
  }
  if (rest !== '' && !rest.startsWith(' ')) throw new Error(`no message behind the structured data: ${rest}`);
  return {
    facility: Math.floor(Number(priority) / 8),
    severity: Number(priority) % 8,
    timestamp: timestamp as string,
    hostName: hostName as string,
    appName: appName as string,
    processId: processId as string,
    messageId: messageId as string,
    data,
    text: rest.slice(1).replace(/^\uFEFF/, ''),
  };
}

/** Cuts a stream into messages by the letter of RFC 5425, clause 4.3: MSG-LEN SP SYSLOG-MSG, and nothing between. */
export class SyslogFrames {
  private rest: Buffer = Buffer.alloc(0);

  /** @throws at the first octet that does not belong there */
  feed(chunk: Uint8Array): Buffer[] {
    const messages: Buffer[] = [];
    this.rest = Buffer.concat([this.rest, chunk]);
    for (;;) {
      const digits = /^[1-9]\d{0,4}(?= )/.exec(this.rest.subarray(0, 6).toString('latin1'))?.[0];
      if (digits === undefined) {
        if (!/^(?:[1-9]\d{0,4})?$/.test(this.rest.toString('latin1'))) throw new Error('no MSG-LEN SP');
        return messages;
      }
      const begin = digits.length + 1;
      const end = begin + Number(digits);
      if (this.rest.length < end) return messages;
      messages.push(this.rest.subarray(begin, end));
      this.rest = this.rest.subarray(end);
    }
  }

  /** Octets of a message that is not complete. */
  get incomplete(): number {
    return this.rest.length;
  }
}
