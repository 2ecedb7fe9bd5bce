/** States of links, as shape and word. */
import type { MasterStatus, OverviewRow } from '@iec104mm2ss/console-api';
import { Mark, type Shape, type Tone } from './marks.js';

interface Look {
  readonly shape: Shape;
  readonly tone: Tone;
  readonly word: string;
  readonly tip: string;
}

const RTU: Readonly<Record<string, Look>> = {
  started: { shape: 'full', tone: 'plain', word: 'started', tip: 'Data transfer: STARTDT is confirmed' },
  starting: { shape: 'half', tone: 'plain', word: 'starting', tip: 'STARTDT sent, its confirmation is awaited' },
  stopping: { shape: 'half', tone: 'plain', word: 'stopping', tip: 'STOPDT sent, its confirmation is awaited' },
  connected: { shape: 'ring', tone: 'plain', word: 'connected', tip: 'Connected, STOPDT: no master is started' },
  connecting: { shape: 'dashed', tone: 'bad', word: 'connecting', tip: 'Hosts are tried in turn' },
  disconnected: {
    shape: 'triangle',
    tone: 'bad',
    word: 'down',
    tip: 'No connection to the RTU: masters are not let in',
  },
};
const UNKNOWN: Look = { shape: 'question', tone: 'warn', word: 'unknown', tip: 'Nothing is known of the RTU yet' };
const SILENT: Look = { shape: 'question', tone: 'bad', word: 'silent', tip: 'Who holds the link does not answer' };

export function rtuLook(row: OverviewRow): Look {
  if (row.silent.includes('connector') || row.unserved.includes('connector')) return SILENT;
  return (row.state === null ? undefined : RTU[row.state]) ?? UNKNOWN;
}

export function RtuMark({ row }: { row: OverviewRow }) {
  return <Mark {...rtuLook(row)} />;
}

const MASTER: Readonly<Record<string, Look>> = {
  started: { shape: 'full', tone: 'plain', word: 'started', tip: 'Data transfer' },
  stopped: { shape: 'ring', tone: 'plain', word: 'stopped', tip: 'Connected, has not sent STARTDT' },
  stopping: { shape: 'half', tone: 'plain', word: 'stopping', tip: 'STOPDT is being confirmed' },
  closing: { shape: 'dashed', tone: 'warn', word: 'closing', tip: 'The connection is being closed' },
};

export function MasterMark({ state }: { state: MasterStatus['state'] }) {
  return <Mark {...((state === null ? undefined : MASTER[state]) ?? UNKNOWN)} />;
}
