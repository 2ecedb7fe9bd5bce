import { describe, expect, it } from 'vitest';
import {
  decodeAdmissionAnswer,
  decodeAdmissionRequest,
  encodeAdmissionAnswer,
  reasonOf,
  refusalAnswer,
  type RefusalReason,
  encodeAdmissionRequest,
} from './admission.js';
import {
  decodeControlAnswer,
  decodeStatusAnswer,
  disconnectRequestSchema,
  observeRequestSchema,
  encodeControlRequest,
  encodeLeft,
  encodeStatusRequest,
  groupRequestSchema,
  leftMessageSchema,
  statusRequestSchema,
} from './control.js';
import { decodeCommandQuery, decodeCommandReport, encodeCommandQuery, encodeCommandReport } from './command-query.js';
import { fromText } from './golden.js';
import { decodeAs, encodeJson } from './json.js';
import { decodeListener, encodeListener } from './listener-message.js';
import { decodeOwner, encodeOwner, type OwnerMessage } from './owner-message.js';
import { decodeBeacon, encodeBeacon } from './presence-beacon.js';
import { decodeStatement, encodeStatement, fromBase64, toBase64 } from './session-statement.js';
import { decodeState, encodeState, RTU_STATES, rtuLinkUp, rtuStatus, type StateMessage } from './state-message.js';
import type { Decoded } from './wire-error.js';

/** One JSON message: the text on the bus, and its codec. The encoder adds the version where the message has none. */
interface Golden {
  readonly name: string;
  /** Fields that need not be there. */
  readonly mayMiss?: readonly string[];
  readonly text: string;
  readonly decode: (data: Uint8Array) => Decoded<object>;
  readonly encode: (value: never) => Buffer;
}

const STATE =
  '{"v":2,"group":"111","connector":"pod-a-1-0a0b0c0d","fence":7,"clock":1234.5,"state":"started","epoch":3,' +
  '"endpoint":"10.0.0.1:2404","address":"10.0.0.1","since":1700000000000,"reason":"STARTDT con","connects":3,' +
  '"next":9007199254740991,"generation":1700000000001}';
const OWNER =
  '{"v":2,"group":"111","owner":"pod-b-1-01020304","fence":8,"open":true,"wanted":false,"sessions":{"gw-1-0a":2}}';
const LISTENER = '{"v":2,"group":"111","gateway":"gw-1-0a","listening":false,"reason":"EADDRINUSE"}';
/** C_SC_NA_1, activation, OA 0, CA 1, IOA 5, on: 2d 01 06 00 01 00 05 00 00 01. */
const ASDU = 'LQEGAAEABQAAAQ==';
const PENDING = `{"command":4,"asdu":"${ASDU}","connectorFence":7,"deadline":6234.5,"ageMs":12.25,"answered":71}`;
const STATEMENT =
  '{"v":2,"group":"111","gateway":"gw-1-0a","sessions":[{"session":4294967295,"connection":9007199254740991,' +
  '"address":"10.1.1.5","port":40000,"name":"A","certificateName":null,"originatorAddress":255,"ownOa":0,' +
  '"started":true,"starting":0,"number":5,"expected":12,"acknowledged":10,"generation":3,"nextCommand":5,' +
  `"commands":[${PENDING}],"sinceMs":1700000000000}],"closed":[{"session":9,"originatorAddress":1,"used":true,` +
  '"agoMs":250,"code":"peer_closed","message":"the master closed","commands":[],"address":"10.1.1.6","port":1,' +
  '"name":null,"certificateName":"scada-b"}]}';
/** Sessions of earlier releases have no `certificateNames`, as above. */
const STATEMENT_TLS = STATEMENT.replace(
  '"certificateName":null,',
  '"certificateName":"cn:scada-a","certificateNames":["cn:scada-a","dns:scada-a.example"],',
);
const REQUEST =
  '{"v":2,"group":"111","gateway":"gw-1-0a","connection":281474976710655,"address":"10.1.1.5","port":40000,' +
  '"certificateNames":["cn:scada-a"]}';

const GOLDEN: readonly Golden[] = [
  { name: 'state', text: STATE, decode: decodeState, encode: encodeState },
  { name: 'listener', text: LISTENER, decode: decodeListener, encode: encodeListener },
  { name: 'owner', text: OWNER, decode: decodeOwner, encode: encodeOwner },
  { name: 'statement of a session over TLS', text: STATEMENT_TLS, decode: decodeStatement, encode: encodeStatement },
  { name: 'statement', text: STATEMENT, decode: decodeStatement, encode: encodeStatement },
  { name: 'admission request', text: REQUEST, decode: decodeAdmissionRequest, encode: encodeAdmissionRequest },
  {
    name: 'admission answer, admitted',
    text: '{"v":2,"ok":true,"fence":8,"session":4294967295,"originatorAddress":1,"name":"A","certificateName":null}',
    decode: decodeAdmissionAnswer,
    encode: encodeAdmissionAnswer,
  },
  {
    name: 'admission answer, refused',
    text: '{"v":2,"ok":false,"code":"max_connections","message":"8 of 8 connections in use"}',
    decode: decodeAdmissionAnswer,
    encode: encodeAdmissionAnswer,
  },
  {
    name: 'admission answer, refused for a reason that the release before does not know',
    mayMiss: ['reason'],
    text: '{"v":2,"ok":false,"code":"filter","reason":"rights","message":"A has no rights in this group"}',
    decode: decodeAdmissionAnswer,
    encode: encodeAdmissionAnswer,
  },
  {
    name: 'command query',
    text: '{"v":2,"fence":8,"upTo":12}',
    decode: decodeCommandQuery,
    encode: encodeCommandQuery,
  },
  {
    name: 'command report',
    text:
      '{"v":2,"connector":"pod-a-1-0a0b0c0d","fence":7,"epoch":3,"clock":1234.5,"generation":3,"sent":[{"fence":8,' +
      `"number":12,"session":9,"command":4,"ownOa":0,"asdu":"${ASDU}","ageMs":12.25,"position":12},{"fence":8,"number":11,"session":9,"command":3,"ownOa":0,` +
      `"epoch":2,"asdu":"${ASDU}","ageMs":59999,"position":3}],"queued":[13]}`,
    decode: decodeCommandReport,
    encode: encodeCommandReport,
  },
  {
    name: 'beacon',
    text: '{"v":2,"instance":"pod-b-1-01020304","held":150,"leaving":false}',
    decode: decodeBeacon,
    encode: encodeBeacon,
  },
  {
    name: 'restart, next-host',
    text: '{"v":2,"group":"111","by":"10.0.0.9:51234, HTTP of gw-1-0a"}',
    decode: (data) => decodeAs('request', groupRequestSchema, data),
    encode: encodeControlRequest,
  },
  {
    name: 'disconnect',
    text: '{"v":2,"group":"111","by":"10.0.0.9:51234, HTTP of gw-1-0a","session":4294967295}',
    decode: (data) => decodeAs('request', disconnectRequestSchema, data),
    encode: encodeControlRequest,
  },
  {
    name: 'observe',
    text: '{"v":2,"group":"111","by":"10.0.0.9:51234, HTTP of gw-1-0a","on":true}',
    decode: (data) => decodeAs('request', observeRequestSchema, data),
    encode: encodeControlRequest,
  },
  {
    name: 'control answer',
    text: '{"v":2,"ok":false,"instance":"pod-a-1-0a0b0c0d","message":"10.0.0.1:2404 is the only host of this RTU"}',
    decode: decodeControlAnswer,
    encode: encodeJson,
  },
  {
    name: 'status request',
    text: '{"v":2,"by":"gw-1-0a"}',
    decode: (data) => decodeAs('request', statusRequestSchema, data),
    encode: ({ by }: { readonly by: string }) => encodeStatusRequest(by),
  },
  {
    name: 'status answer',
    text:
      '{"v":2,"process":{"instance":"pod-a-1-0a0b0c0d","host":"pod-a","parts":["connector"],"release":"0.1.0",' +
      '"startedAt":1700000000000,"configuration":{"digest":"0123456789ab","file":"groups.csv","loadedAt":1700000000001,' +
      '"refused":"row 3, t1: 999 is not in 1..255"},"ntp":{"state":"off"}},' +
      '"index":0,"count":2,"known":[{"part":"connector","groups":[{"id":"111","rtu":{"state":"started"},' +
      '"log":{"capacity":1000},"listener":{"open":true,"addresses":["10.0.0.1:2404"]},"masters":[{"session":"7"}],' +
      '"rates":{"fromRtuPerSecond":1.5},"counters":{"commandsSent":3},"ack":"stored"}]}]}',
    decode: decodeStatusAnswer,
    encode: (answer: object) => encodeJson({ v: 2, ...answer }),
  },
  {
    name: 'left',
    text: '{"v":2,"instance":"pod-a-1-0a0b0c0d"}',
    decode: (data) => decodeAs('message', leftMessageSchema, data),
    encode: ({ instance }: { readonly instance: string }) => encodeLeft(instance),
  },
];

describe.each(GOLDEN)('the message "$name"', ({ name: title, text, decode, encode, mayMiss = [] }) => {
  const fields = JSON.parse(text) as Record<string, unknown>;

  it('is what it was, both ways', () => {
    const value = decode(fromText(text));
    expect(value).toEqual(fields);
    expect(encode(value as never).toString()).toBe(text);
    // Without a version: the encoder says it first.
    const { v: _, ...rest } = fields;
    if (!('ok' in rest)) expect(encode(rest as never).toString()).toBe(text);
  });

  it('may have further fields, which are left out', () => {
    expect(decode(encodeJson({ ...fields, later: [1] }))).toEqual(fields);
  });

  it.each([[1], [3], ['2'], [null], [undefined]])('of version %j is refused', (v) => {
    expect(decode(encodeJson({ ...fields, v }))).toMatchObject({ name: 'WireError', code: 'VERSION' });
  });

  it.each(Object.keys(fields).filter((name) => name !== 'v'))('needs its %s, of the right type', (name) => {
    for (const wrong of [undefined, -1, [[]], { a: {} }, 'x'.repeat(1_001)]) {
      const free = name === 'reason' || name === 'message' || name === 'clock';
      if (free && (typeof wrong === 'string' || wrong === -1)) continue;
      if (wrong === undefined && mayMiss.includes(name)) continue;
      expect(decode(encodeJson({ ...fields, [name]: wrong })), JSON.stringify(wrong)).toMatchObject({ code: 'JSON' });
    }
  });

  it.each(['', 'null', '7', '[]', '"x"', '{"v":2', '{}', '\u{feff}{}'])('is not "%s"', (other) => {
    const result = decode(fromText(other));
    // Of an admission answer it is not known which of the two it is.
    const code = other === '{}' && !title.startsWith('admission answer') ? 'VERSION' : 'JSON';
    expect(result).toMatchObject({ name: 'WireError', code });
  });
});

describe('a refusal', () => {
  /** All that gateways of release 0.1 understand: an answer with another code is none to them. */
  const KNOWN_BEFORE = ['rtu_down', 'rtu_address', 'filter', 'same_ip', 'max_connections', 'no_oa', 'not_ready'];
  const REASONS = [...KNOWN_BEFORE, 'rights', 'per_source', 'reserved'] as RefusalReason[];

  it.each(REASONS)(
    'because of %s is understood by a gateway of the release before, and in full by one of this',
    (reason) => {
      const text = encodeAdmissionAnswer(refusalAnswer(reason, 'why'));
      expect(KNOWN_BEFORE).toContain((JSON.parse(text.toString()) as { code: string }).code);
      const answer = decodeAdmissionAnswer(text);
      expect(answer).toMatchObject({ ok: false, message: 'why' });
      if (!(answer instanceof Error) && !answer.ok) expect(reasonOf(answer)).toBe(reason);
    },
  );

  it('of a later release is a refusal, whatever its reason, and is told in words that are known', () => {
    const refused = (code: string, reason?: string): string => {
      const answer = decodeAdmissionAnswer(encodeJson({ v: 2, ok: false, code, reason, message: 'why' }));
      return !(answer instanceof Error) && !answer.ok ? reasonOf(answer) : 'not understood';
    };
    expect(refused('tomorrow')).toBe('refused');
    expect(refused('filter', 'tomorrow')).toBe('filter');
    expect(refused('constructor', '__proto__')).toBe('refused');
    expect(refused('tomorrow', 'reserved')).toBe('reserved');
  });
});

it('an owner may say that its group is in observe mode; an older release that says nothing means that it is not', () => {
  const text = OWNER.replace('}}', '},"observe":true}');
  const owner = decodeOwner(fromText(text)) as OwnerMessage;
  expect(owner.observe).toBe(true);
  expect(encodeOwner(owner).toString()).toBe(text);
  expect(decodeOwner(fromText(OWNER))).not.toHaveProperty('observe');
  expect(decodeOwner(fromText(OWNER.replace('}}', '},"observe":1}')))).toMatchObject({ code: 'JSON' });
});

it('an owner may say which commands are settled; an older release says nothing', () => {
  const text = OWNER.replace('}}', '},"settled":[[7,1],[4294967295,2]]}');
  const owner = decodeOwner(fromText(text)) as OwnerMessage;
  expect(owner.settled).toEqual([
    [7, 1],
    [4_294_967_295, 2],
  ]);
  expect(encodeOwner(owner).toString()).toBe(text);
  expect(decodeOwner(fromText(OWNER))).not.toHaveProperty('settled');
  for (const wrong of [
    '[7]',
    '[[7]]',
    '[[7,1,2]]',
    '[[7,-1]]',
    JSON.stringify(Array.from({ length: 501 }, () => [1, 1])),
  ]) {
    expect(decodeOwner(fromText(OWNER.replace('}}', `},"settled":${wrong}}`)))).toMatchObject({ code: 'JSON' });
  }
});

it('an owner may say whose turn it is to end, and a gateway which session is of age; an older release says nothing', () => {
  const text = OWNER.replace('}}', '},"mayEnd":[7,4294967295]}');
  const owner = decodeOwner(fromText(text)) as OwnerMessage;
  expect(owner.mayEnd).toEqual([7, 4_294_967_295]);
  expect(encodeOwner(owner).toString()).toBe(text);
  expect(decodeOwner(fromText(OWNER))).not.toHaveProperty('mayEnd');
  for (const wrong of ['[-1]', '["7"]', '7', JSON.stringify(Array.from({ length: 1_001 }, () => 1))]) {
    expect(decodeOwner(fromText(OWNER.replace('}}', `},"mayEnd":${wrong}}`)))).toMatchObject({ code: 'JSON' });
  }
  const stated = JSON.parse(STATEMENT) as { readonly sessions: readonly object[] };
  const aged = (value: unknown) => ({
    ...stated,
    sessions: stated.sessions.map((session) => ({ ...session, aged: value })),
  });
  expect(decodeStatement(encodeJson(aged(true)))).toEqual(aged(true));
  expect(decodeStatement(encodeJson(aged(1)))).toMatchObject({ code: 'JSON' });
});

describe('the state of an RTU link', () => {
  const state = decodeState(fromText(STATE)) as StateMessage;

  it('says when masters may be connected', () => {
    expect(RTU_STATES.filter(rtuLinkUp)).toEqual(['connected', 'starting', 'started', 'stopping']);
  });

  it('is shown with the last error while the link is down', () => {
    const shown = { endpoint: '10.0.0.1:2404', since: '2023-11-14T22:13:20.000Z', linkEpoch: 3, connects: 3 };
    expect(rtuStatus(state)).toEqual({ state: 'started', ...shown });
    const down = { ...state, state: 'disconnected', reason: 't1' } as const;
    expect(rtuStatus(down)).toEqual({ state: 'disconnected', ...shown, lastError: 't1' });
  });

  it('can be shown whatever was decoded', () => {
    for (const since of [0, 8.64e15, 8.64e15 + 2, -1, 1e300]) {
      const decoded = decodeState(encodeState({ ...state, since }));
      if (!(decoded instanceof Error)) expect(rtuStatus(decoded).since).not.toBe('');
      expect(decoded instanceof Error).toBe(since < 0 || since > 8.64e15);
    }
  });

  it('with a very long reason is understood', () => {
    const decoded = decodeState(encodeState({ ...state, reason: 'x'.repeat(5_000) }));
    expect(decoded).toMatchObject({ reason: 'x'.repeat(1_000) });
  });
});

describe('octets in JSON', () => {
  it('are base64', () => {
    const asdu = Uint8Array.of(0x2d, 1, 6, 0, 1, 0, 5, 0, 0, 1);
    expect(toBase64(asdu)).toBe(ASDU);
    expect(fromBase64(ASDU)).toEqual(asdu);
  });

  it.each([
    ['shorter than an ASDU', toBase64(new Uint8Array(5))],
    ['longer than an ASDU', toBase64(new Uint8Array(250))],
    ['no base64', '????????????'],
    ['cut off', `${ASDU.slice(0, -3)}`],
  ])('that are %s are refused', (_what, asdu) => {
    const fields = JSON.parse(STATEMENT) as { sessions: { commands: object[] }[] };
    const [session] = fields.sessions;
    const command = { ...session!.commands[0], asdu };
    const wrong = { ...fields, sessions: [{ ...session, commands: [command] }] };
    expect(decodeStatement(encodeJson(wrong))).toMatchObject({ code: 'JSON' });
    expect(decodeStatement(fromText(STATEMENT))).not.toBeInstanceOf(Error);
  });

  it('as long as the longest ASDU are taken', () => {
    const asdu = toBase64(new Uint8Array(249));
    expect(decodeStatement(fromText(STATEMENT.replace(ASDU, asdu)))).not.toBeInstanceOf(Error);
  });
});
