import { describe, expect, it } from 'vitest';
import { Cause, singleCommand } from '@iec104mm2ss/iec104';
import { auditId, auditRecord } from './audit.js';

const master = { peer: '10.0.0.1:999', name: 'A', certificateName: 'scada-a' };
const audited = { group: '1', session: 5, command: 7, master, outcome: 'confirmed', endedAt: 0, durationMs: 0 };

describe('an audit record', () => {
  it('says who, what, when, how it ended and how long it took', () => {
    const endedAt = Date.UTC(2026, 0, 2, 3, 4, 5, 690);
    const asdu = singleCommand(7, 500, true, { select: true, cot: Cause.ACT });
    const record = auditRecord({ ...audited, asdu, outcome: 'selected', endedAt, durationMs: 12 });
    expect(record).toEqual({
      group: '1',
      at: '2026-01-02T03:04:05.678Z',
      session: 5,
      command: 7,
      peer: '10.0.0.1:999',
      name: 'A',
      certificateName: 'scada-a',
      type: 'C_SC_NA_1',
      cause: 'ACT',
      ca: 7,
      ioa: 500,
      select: true,
      objects: [expect.objectContaining({ ioa: 500, value: true, select: true })],
      outcome: 'selected',
      durationMs: 12,
    });
    expect(auditId(record)).toBe('1.5.7');
  });

  it('has the octets of what cannot be decoded', () => {
    const torn = Uint8Array.of(45, 2, 6, 0, 1, 0);
    expect(auditRecord({ ...audited, asdu: torn })).toMatchObject({
      ioa: null,
      objects: expect.stringMatching(/^2d ?02/i),
    });
  });

  it('names private types', () => {
    const asdu = Uint8Array.of(200, 1, 6, 0, 1, 0, 5, 0, 0, 1);
    expect(auditRecord({ ...audited, asdu })).toMatchObject({ type: 'TYPE_200', ioa: 5 });
  });
});
