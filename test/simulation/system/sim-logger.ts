import type { Logger } from '@iec104mm2ss/observability';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** A logger whose lines go to the story instead of to standard output. */
export function simLogger(onLine: (line: LogLine) => void, bindings: Record<string, unknown> = {}): Logger {
  const logger: Record<string, unknown> = {
    level: 'trace',
    child: (fields: Record<string, unknown>) => simLogger(onLine, { ...bindings, ...fields }),
    isLevelEnabled: () => true,
  };
  for (const level of LEVELS) {
    logger[level] = (first: unknown, second?: unknown) => {
      const fields = typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : {};
      const message = typeof first === 'string' ? first : typeof second === 'string' ? second : '';
      onLine({ level, message, fields: { ...bindings, ...fields } });
    };
  }
  return logger as unknown as Logger;
}

export function lineText({ level, message, fields }: LogLine): string {
  const shown = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${level} ${message} ${shown.join(' ')}`.trimEnd();
}
