import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAcks, encodeAcks } from './ack-message.js';
import { decodeAdmissionAnswer, decodeAdmissionRequest, encodeAdmissionAnswer } from './admission.js';
import { decodeControlAnswer, decodeStatusAnswer } from './control.js';
import { decodeCommandQuery, decodeCommandReport, encodeCommandQuery } from './command-query.js';
import {
  decodeCommand,
  decodeCommandResults,
  decodeConfirmed,
  encodeCommand,
  encodeCommandResults,
  encodeConfirmed,
} from './connector-messages.js';
import { corruptions, received } from './golden.js';
import {
  decodeIn,
  encodeClosed,
  encodeCommands,
  encodeResync,
  encodeStarted,
  encodeStatementMessage,
} from './in-message.js';
import { decodeJson, encodeJson } from './json.js';
import { decodeLogRecord, encodeLogRecord } from './log-record.js';
import {
  decodeOut,
  encodeOut,
  encodeOutText,
  encodeSettled,
  OutKind,
  outText,
  settledCommands,
} from './out-message.js';
import { decodeOwner, encodeOwner } from './owner-message.js';
import { decodeListener, encodeListener } from './listener-message.js';
import { decodeBeacon, encodeBeacon } from './presence-beacon.js';
import { decodeStatement } from './session-statement.js';
import { decodeState, encodeState, rtuStatus } from './state-message.js';
import {
  decodeKeptState,
  decodeLeaseEntry,
  decodeRouterState,
  encodeKeptState,
  encodeLeaseEntry,
  encodeRouterState,
} from './stored.js';
import { WireError } from './wire-error.js';

/** Decodes, and uses the value as far as this library offers a use of it. */
type Decode = (octets: Uint8Array) => unknown;

const out: Decode = (octets) => {
  const message = decodeOut(octets);
  if (message instanceof WireError) return message;
  const { octets: _, ...head } = message;
  if (message.kind === OutKind.CLOSE || message.kind === OutKind.STANDBY) return { ...head, ...outText(message) };
  return { ...head, settled: message.kind === OutKind.SETTLED ? settledCommands(message) : [] };
};
const state: Decode = (octets) => {
  const message = decodeState(octets);
  return message instanceof WireError ? message : rtuStatus(message);
};

/** An APDU with a private ASDU of 6 octets, and one with 7. */
const APDUS = Uint8Array.of(0x68, 10, 0, 0, 0, 0, 200, 0, 3, 0, 1, 0, 0x68, 11, 2, 0, 0, 0, 201, 0, 3, 0, 1, 0, 9);
const ASDU = APDUS.subarray(6, 12);
const HEAD = { session: 7, number: 1 };
const OUT = { fence: 5, generation: 3, from: 1, first: 2, count: 2 };

const DECODERS: Readonly<Record<string, { decode: Decode; valid: readonly Uint8Array[] }>> = {
  acknowledgements: { decode: decodeAcks, valid: [encodeAcks([{ session: 7, position: 9, generation: 3 }])] },
  'admission answer': {
    decode: decodeAdmissionAnswer,
    valid: [encodeAdmissionAnswer({ v: 2, ok: false, code: 'filter', message: 'no' })],
  },
  'admission request': { decode: decodeAdmissionRequest, valid: [] },
  listener: {
    decode: decodeListener,
    valid: [encodeListener({ group: '1', gateway: 'a', listening: false, reason: 'EADDRINUSE' })],
  },
  beacon: { decode: decodeBeacon, valid: [encodeBeacon({ instance: 'a', held: 1, leaving: false })] },
  command: {
    decode: decodeCommand,
    valid: [
      encodeCommand({
        ownOa: 1,
        fence: 5,
        number: 1,
        session: 7,
        command: 1,
        connectorFence: 3,
        deadline: 5,
        asdu: ASDU,
      }),
    ],
  },
  'command query': { decode: decodeCommandQuery, valid: [encodeCommandQuery({ fence: 5, upTo: 1 })] },
  'command report': { decode: decodeCommandReport, valid: [] },
  'command results': {
    decode: decodeCommandResults,
    valid: [encodeCommandResults({ connectorFence: 3, results: [{ fence: 5, number: 1, outcome: 1 }] })],
  },
  'control answer': {
    decode: decodeControlAnswer,
    valid: [encodeJson({ v: 2, ok: true, instance: 'a', message: 'b' })],
  },
  'status answer': { decode: decodeStatusAnswer, valid: [] },
  'confirmed mark': { decode: decodeConfirmed, valid: [encodeConfirmed({ fence: 5, position: 9, generation: 3 })] },
  'in message': {
    decode: decodeIn,
    valid: [
      encodeStarted(HEAD),
      encodeResync(HEAD, 9, 3),
      encodeClosed(HEAD, 'idle', 'x'),
      encodeStatementMessage(Buffer.from('{}')),
      encodeCommands({ ...HEAD, count: 2, firstCommand: 1, connectorFence: 3, deadline: 5 }, APDUS, 0, APDUS.length),
    ],
  },
  JSON: {
    decode: (octets) => {
      const value = decodeJson('it', octets);
      // Not the value: comparing one that is nested deep is more than the test runner survives.
      return value instanceof WireError ? value : typeof value;
    },
    valid: [encodeJson({ a: ['b', 1.5, null] })],
  },
  'kept state': {
    decode: decodeKeptState,
    valid: [encodeKeptState({ observe: { since: 1, reason: 'lost', by: 'condition' } })],
  },
  'lease entry': { decode: decodeLeaseEntry, valid: [encodeLeaseEntry({ holder: 'a', fence: 5 })] },
  'log record': {
    decode: (octets) => {
      const record = decodeLogRecord(octets);
      return record instanceof WireError ? record : { ...record, octets: record.octets.length };
    },
    valid: [encodeLogRecord({ epoch: 1, generation: 3, first: 9, count: 2, receivedAt: 5 }, APDUS, 0, APDUS.length)],
  },
  'out message': {
    decode: out,
    valid: [
      encodeOut({ kind: OutKind.DATA, ...OUT }, APDUS),
      encodeOut({ kind: OutKind.BEGIN, ...OUT }),
      encodeOut({ kind: OutKind.MARK, ...OUT }),
      encodeOutText(OutKind.CLOSE, 5, 'idle x'),
      encodeSettled(5, [1, 2]),
    ],
  },
  owner: {
    decode: decodeOwner,
    valid: [encodeOwner({ group: '1', owner: 'a', fence: 5, open: true, wanted: true, sessions: { b: 2 } })],
  },
  'router state': {
    decode: decodeRouterState,
    valid: [
      encodeRouterState({
        confirmed: 9,
        generation: 3,
        cursors: { A: 9 },
        addresses: [{ oa: 1, session: 7, restedMs: 5 }],
        savedAt: 5,
        oaBehaviour: 'unknown',
      }),
      encodeJson({ confirmed: 9, cursors: { A: 9 }, resting: [[1, 5]], mirrorsOa: false }),
    ],
  },
  state: {
    decode: state,
    valid: [
      encodeState({
        group: '1',
        connector: 'a',
        fence: 5,
        clock: 5,
        state: 'started',
        epoch: 1,
        endpoint: null,
        address: null,
        since: 5,
        reason: '',
        connects: 1,
        next: 9,
        generation: 3,
      }),
    ],
  },
  statement: { decode: decodeStatement, valid: [] },
};

/** JSON as nobody of us sends it. The depth is far above what recursion would survive. */
const HOSTILE = [
  'null',
  'true',
  '0',
  '-0',
  '1e400',
  '123456789012345678901234567890',
  '""',
  '[]',
  '{}',
  '[null]',
  '{"__proto__":{"v":2}}',
  '{"v":{"__proto__":2}}',
  '{"constructor":{"prototype":1},"v":2,"toString":1}',
  '{"v":2,"sessions":{"__proto__":1},"sessions":{"__proto__":{"a":1}}}',
  `{"v":2,"group":"${'x'.repeat(100_000)}"}`,
  `${'['.repeat(200_000)}`,
  `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  `{"v":2,"group":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
  `{"v":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
  `{"v":2,"sessions":[${'{},'.repeat(20_000)}{}]}`,
  `{"v":2,"sent":[${'1,'.repeat(20_000)}1]}`,
];

describe.each(Object.entries(DECODERS))('the decoder of "%s"', (_name, { decode, valid }) => {
  /** Never throws; what is around the message makes no difference, so nothing beyond its ends is read. */
  const survives = (octets: Uint8Array): void => {
    const result = decode(received(octets, 0x00));
    const again = decode(received(octets, 0xff));
    expect(again).toEqual(result);
  };

  it('understands what was encoded', () => {
    for (const octets of valid) expect(decode(octets)).not.toBeInstanceOf(Error);
  });

  it('survives every truncation and every change of one octet', () => {
    for (const octets of valid) {
      const isJson = octets[0] === 0x7b;
      for (const corrupt of corruptions(octets)) {
        const result = decode(received(corrupt, 0x00));
        // Thousands of cases: a parser of JSON is not suspected, and the costly comparison comes only after the cheap one.
        if (isJson) continue;
        const again = decode(received(corrupt, 0xff));
        if (JSON.stringify(result) !== JSON.stringify(again)) expect(again).toEqual(result);
      }
    }
  });

  it('survives random octets', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), survives));
    // With a version and a kind that are known, it gets further.
    const version = fc.constantFrom(1, 2);
    const count = fc.constantFrom(0, 1, 2);
    fc.assert(
      fc.property(version, fc.nat(8), count, fc.uint8Array({ maxLength: 300 }), (v, kind, n, rest) =>
        survives(Uint8Array.of(v, kind, n, 0, ...rest)),
      ),
    );
  });

  it('survives any JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => survives(encodeJson(value))));
    for (const text of HOSTILE) survives(Buffer.from(text));
  });

  it('survives any value in any field of its own', () => {
    const jsons = valid.map((octets) => decodeJson('it', octets)).filter((value) => !(value instanceof WireError));
    const wrong = fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 0.5, 2 ** 53, 1e308, null, '', [], {}));
    for (const json of jsons as Record<string, unknown>[]) {
      const name = fc.constantFrom(...Object.keys(json), '__proto__', 'v');
      fc.assert(fc.property(name, wrong, (field, value) => survives(encodeJson({ ...json, [field]: value }))));
    }
  });
});
