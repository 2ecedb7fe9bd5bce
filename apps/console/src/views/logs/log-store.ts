/** The log lines of one group, as they come. */
import type { LogEvent, LogLine } from '@iec104mm2ss/console-api';
import { useSignal } from '@preact/signals';
import { useStream } from '../../api/stream.js';

/** More would make the page slow; the file has all. */
export const MOST_LINES = 2_000;

export interface Log {
  readonly lines: readonly LogLine[];
  /** Lines that came too fast to be sent, or that are older than what the page keeps. */
  readonly leftOut: number;
  readonly begun: boolean;
}

const NOTHING: Log = { lines: [], leftOut: 0, begun: false };

/** @param group an id, or `*`: lines that belong to no group */
export function useLog(group: string): Log {
  const log = useSignal<{ group: string; log: Log }>({ group, log: NOTHING });
  useStream(
    { logs: group },
    {
      log: (event) => {
        if (event.group === group)
          log.value = { group, log: next(log.peek().group === group ? log.peek().log : NOTHING, event) };
      },
    },
    group,
  );
  return log.value.group === group ? log.value.log : NOTHING;
}

export function next(before: Log, { begin, lines, leftOut }: LogEvent): Log {
  const all = begin ? lines : [...before.lines, ...lines];
  const old = Math.max(0, all.length - MOST_LINES);
  return { lines: old > 0 ? all.slice(old) : all, leftOut: (begin ? 0 : before.leftOut) + leftOut + old, begun: true };
}

export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

export function passes(line: LogLine, words: readonly string[], least: string): boolean {
  if (LEVELS.indexOf(line.level) < LEVELS.indexOf(least as LogLine['level'])) return false;
  if (words.length === 0) return true;
  const text = `${line.message} ${fieldsText(line)}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** What security events have for a SIEM; the file has it. */
const FOR_MACHINES = ['event_id', 'event_seq', 'severity'];

/** `peer=10.1.1.5:40000 reason="not allowed"` */
export function fieldsText({ fields }: LogLine): string {
  return Object.entries(fields)
    .filter(([name]) => !FOR_MACHINES.includes(name))
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ');
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(value);
}

export const keyOf = (line: LogLine): string => `${line.instance} ${line.seq}`;
