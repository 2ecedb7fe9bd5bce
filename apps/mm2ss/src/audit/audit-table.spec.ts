import type { AuditRecord } from '@iec104mm2ss/router';
import { expect, it } from 'vitest';
import { auditTable } from './audit-table.js';

const RECORD: AuditRecord = {
  group: '111',
  at: '2026-11-21T10:00:00.000Z',
  session: 5,
  command: 1,
  peer: '10.1.1.5:40000',
  name: 'North',
  certificateName: null,
  type: 'C_SC_NA_1',
  cause: 'ACT',
  ca: 32,
  ioa: 5000,
  select: true,
  objects: [{ ioa: 5000, value: false, qu: 0, select: true, time: { iso: '2026-11-21T09:59:59.000' } }],
  outcome: 'selected',
  durationMs: 3,
};

it('audit records are a table, a line each', () => {
  const records = [
    RECORD,
    {
      ...RECORD,
      name: null,
      type: 'TYPE_200',
      cause: 'COT_48',
      ca: 1,
      ioa: null,
      select: false,
      objects: 'c80106',
      outcome: 'unknown',
      durationMs: 30_000,
    },
  ];
  expect(auditTable(records)).toEqual([
    'TIME                      GROUP  MASTER                  COMMAND               CA   IOA  VALUE                                     OUTCOME      MS',
    '2026-11-21T10:00:00.000Z  111    North (10.1.1.5:40000)  C_SC_NA_1 ACT select  32  5000  value=false time=2026-11-21T09:59:59.000  selected      3',
    '2026-11-21T10:00:00.000Z  111    10.1.1.5:40000          TYPE_200 COT_48        1     -  c80106                                    unknown   30000',
  ]);
});

it('a name from a certificate sends nothing to the terminal but text', () => {
  const [, line] = auditTable([{ ...RECORD, name: 'A\u001b[2J\n' }]);
  expect(line).toContain('A?[2J? (10.1.1.5:40000)');
});

it('a record whose objects are of an unknown shape is shown without them', () => {
  for (const objects of [null, [], [7], {}, undefined]) {
    expect(auditTable([{ ...RECORD, objects }])[1]).toMatch(/5000 {2,}selected/);
  }
});
