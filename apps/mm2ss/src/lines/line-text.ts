import type { LogLine } from '@iec104mm2ss/console-api';

/** What security events have for a SIEM. */
const FOR_MACHINES = new Set(['event_id', 'event_seq', 'severity']);

/** A log line as `mm2ss watch --log` prints it; undefined when the text is none. */
export function logLineText(text: string): string | undefined {
  let line: Partial<LogLine> | null;
  try {
    line = JSON.parse(text) as Partial<LogLine> | null;
  } catch {
    return undefined;
  }
  const { at, level, message, fields } = line ?? {};
  if (typeof at !== 'string' || typeof level !== 'string' || typeof message !== 'string') return undefined;
  const rest = Object.entries(fields ?? {}).flatMap(([name, value]) =>
    FOR_MACHINES.has(name) ? [] : [`${name}=${valueText(value)}`],
  );
  // A peer may have a say in it: nothing of it moves the cursor.
  return [at, level, message, ...rest].join(' ').replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
}

function valueText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
