import { describe, expect, it } from 'vitest';
import { createLogger } from '@iec104mm2ss/observability';
import { NestLogger } from './nest-logger.js';

function record(level: 'trace' | 'info', say: (logger: NestLogger) => void): unknown[] {
  const lines: unknown[] = [];
  const { logger } = createLogger({ level, destination: { write: (line) => void lines.push(JSON.parse(line)) } });
  say(new NestLogger(logger));
  return lines;
}

describe('NestLogger', () => {
  it('maps the levels, and the start of the framework to debug', () => {
    const lines = record('trace', (nest) => {
      nest.log('Mapped route', 'RouterExplorer');
      nest.log('group loaded', 'Router');
      nest.warn('odd', 'Router');
      nest.debug('detail');
      nest.verbose('more');
      nest.fatal('end', 'Router');
    });
    expect(lines).toMatchObject([
      { level: 'debug', context: 'RouterExplorer', msg: 'Mapped route' },
      { level: 'info', context: 'Router', msg: 'group loaded' },
      { level: 'warn', context: 'Router', msg: 'odd' },
      { level: 'debug', msg: 'detail' },
      { level: 'trace', msg: 'more' },
      { level: 'fatal', context: 'Router', msg: 'end' },
    ]);
  });

  it('keeps the stack of an error, and takes errors and objects as messages', () => {
    const lines = record('info', (nest) => {
      nest.error('failed', 'Error: failed\n    at x.ts:1', 'Handler');
      nest.error(new Error('boom'));
      nest.log({ a: 1 }, 'Router');
      nest.debug('not enabled');
    });
    expect(lines).toMatchObject([
      { level: 'error', context: 'Handler', stack: 'Error: failed\n    at x.ts:1', msg: 'failed' },
      { level: 'error', err: { message: 'boom' }, msg: 'boom' },
      { level: 'info', context: 'Router', detail: { a: 1 }, msg: 'Nest' },
    ]);
  });
});
