import { AsduView, Cause, singleCommand } from '@iec104mm2ss/iec104';
import { createLogger } from '@iec104mm2ss/observability';
import { expect, it } from 'vitest';
import { NotForwarded } from './not-forwarded.js';

it('what nobody gets is logged with its octets, the first of each type and cause, and how many more there were', async () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const clock = { now: () => 0, setTimer: () => undefined, clearTimer: () => undefined };
  const logging = createLogger({ destination: { write }, peerLines: clock });
  const notForwarded = new NotForwarded(logging.logger.child({ group: '1' }));
  const view = (cot: number): AsduView => new AsduView(singleCommand(1, 500, true, { cot, oa: 7 }));
  for (let i = 0; i < 5; i++) notForwarded.warn(view(Cause.ACT_CON), 'nobody’s');
  notForwarded.warn(view(Cause.ACT_TERM), 'nobody’s');
  notForwarded.info(view(Cause.ACT_TERM), 'left');
  await logging.close();
  const about = { group: '1', direction: 'monitor', type: 'C_SC_NA_1', ca: 1, ioa: 500, oa: 7 };
  expect(lines.map(({ time: _, ...fields }) => fields)).toEqual([
    { ...about, level: 'warn', cot: 7, octets: '2d0107070100f4010001', msg: 'nobody’s' },
    { ...about, level: 'warn', cot: 10, octets: '2d010a070100f4010001', msg: 'nobody’s' },
    { ...about, level: 'info', cot: 10, octets: '2d010a070100f4010001', msg: 'left' },
    {
      group: '1',
      level: 'warn',
      count: 4,
      seconds: 0,
      kinds: { 'nobody’s, C_SC_NA_1, cause 7': 4 },
      msg: 'log lines left out',
    },
  ]);
});
