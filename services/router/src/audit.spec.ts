import { describe, expect, it } from 'vitest';
import { Cause, singleCommand } from '@iec104mm2ss/iec104';
import { auditRecord } from './audit.js';
import type { Session } from './session.js';

const session = { id: 5, peer: '10.0.0.1:999', name: 'A', certificateName: 'scada-a' } as Session;

describe('an audit record', () => {
  it('says who, what, when, how it ended and how long it took', () => {
    const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    const command = singleCommand(7, 500, true, { select: true, cot: Cause.ACT });
    expect(auditRecord('1', session, command, true, 'selected', at, at + 12)).toEqual({
      group: '1',
      at: '2026-01-02T03:04:05.678Z',
      session: 5,
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
  });

  it('has the octets of what cannot be decoded', () => {
    const torn = Uint8Array.of(45, 2, 6, 0, 1, 0);
    expect(auditRecord('1', session, torn, false, 'refused: malformed', 0, 0)).toMatchObject({
      ioa: null,
      objects: expect.stringMatching(/^2d ?02/i),
    });
  });

  it('names private types', () => {
    const secret = Uint8Array.of(200, 1, 6, 0, 1, 0, 5, 0, 0, 1);
    expect(auditRecord('1', session, secret, false, 'confirmed', 0, 0)).toMatchObject({ type: 'TYPE_200', ioa: 5 });
  });
});
