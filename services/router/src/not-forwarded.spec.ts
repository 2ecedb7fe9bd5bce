import { AsduView, Cause, singleCommand } from '@iec104mm2ss/iec104';
import { expect, it } from 'vitest';
import { NOT_FORWARDED_LOG_MS, NotForwarded } from './not-forwarded.js';

it('what nobody gets is logged with its octets, a sample of each type and cause, and how many were left out', () => {
  const lines: [string, object, string][] = [];
  const log = (level: string) => (about: object, text: string) => void lines.push([level, about, text]);
  let now = 0;
  const logger = { info: log('info'), warn: log('warn') } as unknown as ConstructorParameters<typeof NotForwarded>[0];
  const notForwarded = new NotForwarded(logger, { now: () => now });
  const view = (cot: number): AsduView => new AsduView(singleCommand(1, 500, true, { cot, oa: 7 }));
  for (let i = 0; i < 5; i++) notForwarded.warn(view(Cause.ACT_CON), 'nobody’s');
  notForwarded.warn(view(Cause.ACT_TERM), 'nobody’s');
  notForwarded.info(view(Cause.ACT_TERM), 'left');
  now += NOT_FORWARDED_LOG_MS;
  notForwarded.warn(view(Cause.ACT_CON), 'nobody’s');
  const about = { direction: 'monitor', type: 'C_SC_NA_1', ca: 1, ioa: 500, oa: 7 };
  expect(lines).toEqual([
    ['warn', { ...about, cot: 7, octets: '2d0107070100f4010001' }, 'nobody’s'],
    ['warn', { ...about, cot: 10, octets: '2d010a070100f4010001' }, 'nobody’s'],
    ['info', { ...about, cot: 10, octets: '2d010a070100f4010001' }, 'left'],
    ['warn', { ...about, cot: 7, octets: '2d0107070100f4010001', suppressed: 4 }, 'nobody’s'],
  ]);
});
