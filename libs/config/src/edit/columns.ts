import { type ChangeEffect, columnEffect } from '../changes.js';
import { LINK_CONSTANT_RANGES } from '../general-settings.js';
import { COLUMN_RANGES } from '../group-row.js';
import type { IntegerRange } from '../integer-cell.js';
import { ALL_COLUMNS, type ColumnName, MANUAL_COLUMNS } from '../layout.js';

/** A column of the file, for a form in which somebody edits a row. */
export interface ColumnHelp {
  readonly name: ColumnName;
  /** The manual's, or one of ours. */
  readonly manual: boolean;
  readonly kind: 'text' | 'integer' | 'choice' | 'list';
  readonly required: boolean;
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly unit?: string;
  /** What an empty cell means, in words. */
  readonly whenEmpty: string;
  /** For a tooltip. */
  readonly help: string;
  /** What a change costs at most. */
  readonly effect: ChangeEffect | 'filter';
  readonly editable: boolean;
}

interface Text {
  readonly kind: ColumnHelp['kind'];
  readonly choices?: readonly string[];
  /** Absent: the cell must not be empty. */
  readonly whenEmpty?: string;
  readonly help: string;
}

const REQUIRED = 'it must not be empty';
const YES_NO = ['Y', 'N'];
const constant = (whenEmpty: string, help: string): Text => ({ kind: 'integer', whenEmpty, help });
const rtuSide = (name: string): Text =>
  constant(`as ${name}`, `${name} of the link to the RTU, where it differs from that of the masters.`);

const TEXTS: Readonly<Record<ColumnName, Text>> = {
  id: { kind: 'integer', help: 'Number of the group, unique in the file. A row whose id is no number is a comment.' },
  'sys name': { kind: 'text', help: 'Name of the RTU or system; the first 16 characters count.' },
  'port no': { kind: 'integer', help: 'TCP port at which the masters of this group connect, unique in the file.' },
  'rtu no': { kind: 'integer', help: 'Common address (CA) of the RTU. Several groups may have the same.' },
  'max conn': { kind: 'integer', whenEmpty: '5', help: 'How many masters may be connected at one time.' },
  idletime: constant('60', 'A connection on which nothing passes for so long is closed.'),
  t1: constant('15', 'How long the confirmation of a sent or test APDU is waited for; then the connection is closed.'),
  t2: constant('10', 'Received I-format APDUs are acknowledged after this time at the latest; below t1.'),
  t3: constant('20', 'After so long without data TESTFR act is sent.'),
  w: constant('8', 'Received I-format APDUs are acknowledged after so many at the latest; at most two thirds of k.'),
  k: constant('12', 'So many I-format APDUs may be sent without an acknowledgement.'),
  buffsize: {
    kind: 'integer',
    whenEmpty: '1000',
    help: 'ASDUs kept while no master has acknowledged them. When it is full, the RTU is not acknowledged any more.',
  },
  logevents: { kind: 'choice', choices: YES_NO, whenEmpty: 'Y', help: 'Whether the group has a log file of its own.' },
  'same ip': {
    kind: 'choice',
    choices: ['all', 'old', 'new'],
    whenEmpty: 'all',
    help: 'A second connection from one address: all accepts it, old refuses it, new closes the older one.',
  },
  hosts: {
    kind: 'list',
    help: 'IP:port of the RTU, separated by ";": tried in turn until one accepts. tls:// in front for TLS.',
  },
  filter: {
    kind: 'list',
    whenEmpty: 'any source',
    help: 'Hosts and networks that masters may come from, separated by ";": 192.168.1.0/24;10.1.1.5.',
  },
  t0: constant('30', 'How long a connection to the RTU may take to be set up.'),
  'rtu t1': rtuSide('t1'),
  'rtu t2': rtuSide('t2'),
  'rtu t3': rtuSide('t3'),
  'rtu w': rtuSide('w'),
  'rtu k': rtuSide('k'),
  ack: {
    kind: 'choice',
    choices: ['stored', 'delivered', 'received'],
    whenEmpty: 'delivered in one process, stored on NATS',
    help: 'When an event is acknowledged to the RTU: once it is stored, delivered to a master, or received.',
  },
  interrogation: {
    kind: 'choice',
    choices: ['all', 'originator'],
    whenEmpty: 'all',
    help: 'Who gets what an interrogation or a read brings: all masters, or only the one that asked.',
  },
  decoded: { kind: 'choice', choices: YES_NO, whenEmpty: 'Y', help: 'N switches the decoded feed of the group off.' },
  masters: {
    kind: 'list',
    whenEmpty: 'none is named',
    help: 'Named masters, A=10.1.1.5;B=10.1.2.0/24,cn:scada-b: each gets what it missed while it was away.',
  },
  'per source': {
    kind: 'integer',
    whenEmpty: 'half of what is not reserved',
    help: 'Connections that one address may have.',
  },
  reserve: {
    kind: 'integer',
    whenEmpty: '1',
    help: 'Places of max conn kept for each named master that is not there.',
  },
  'cmd rate': { kind: 'integer', whenEmpty: '50', help: 'Commands a second taken from one master; others wait.' },
  'cmd burst': { kind: 'integer', whenEmpty: '100', help: 'Commands taken from one master at once.' },
  proxy: {
    kind: 'list',
    whenEmpty: 'none',
    help: 'Load balancers whose connections begin with a header of the PROXY protocol, as in filter.',
  },
  'tls port': {
    kind: 'integer',
    whenEmpty: 'no TLS',
    help: 'Port for masters that speak TLS; port no is closed then.',
  },
  plain: { kind: 'choice', choices: YES_NO, whenEmpty: 'N', help: 'Y: port no stays open beside tls port.' },
  'tls profile': {
    kind: 'choice',
    choices: ['iec62351', 'modern'],
    whenEmpty: 'iec62351',
    help: 'iec62351: all suites that the standard makes mandatory. modern: ECDHE with GCM, and TLS 1.3, only.',
  },
  'tls names': {
    kind: 'list',
    whenEmpty: 'the certificates in masters',
    help: 'Certificates that may connect to tls port: cn:scada-a;dns:scada.example;uri:urn:x;sha256:...',
  },
  'rtu names': {
    kind: 'list',
    whenEmpty: 'none is asked for',
    help: 'What the certificate of an RTU with tls:// must say: one of these names.',
  },
  rights: {
    kind: 'list',
    whenEmpty: 'everything is allowed',
    help: 'Who may give which commands: A=control;B=monitor;*=none.',
  },
  observe: {
    kind: 'text',
    whenEmpty: 'N',
    help: 'Y, or conditions under which only monitoring passes: link:3/min;bus;clock;release:15.',
  },
  clock: {
    kind: 'text',
    whenEmpty: 'forward',
    help: "Who sets the RTU's clock: forward (every master), the name of one of masters, local, or refuse.",
  },
};

/** All columns: the manual's in its order, then ours. */
export const COLUMN_HELP: readonly ColumnHelp[] = ALL_COLUMNS.map((name) => {
  const { kind, choices, whenEmpty, help } = TEXTS[name];
  const range = rangeOf(name);
  return {
    name,
    manual: (MANUAL_COLUMNS as readonly string[]).includes(name),
    kind,
    required: whenEmpty === undefined,
    ...(choices === undefined ? {} : { choices }),
    ...range,
    whenEmpty: whenEmpty ?? REQUIRED,
    help,
    effect: columnEffect(name),
    editable: name !== 'id',
  };
});

function rangeOf(name: ColumnName): IntegerRange | undefined {
  const ranges: Readonly<Record<string, IntegerRange>> = LINK_CONSTANT_RANGES;
  return COLUMN_RANGES[name] ?? ranges[name.replace(/^rtu /, '')];
}
