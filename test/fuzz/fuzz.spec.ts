import { expect, it } from 'vitest';
import { FuzzFailure, fuzz, runCase } from './fuzz.ts';

it('two seconds let only known errors out', () => {
  const report = fuzz({ seed: Date.now() >>> 0, seconds: 2 });
  console.log(JSON.stringify(report));
  expect(report.decoded).toBeGreaterThan(0);
});

it('every error a peer can cause is reached', () => {
  const { decoded, apdus, errors } = fuzz({ seed: 1, cases: 500 });
  expect(decoded).toBeGreaterThan(apdus / 2);
  expect(Object.keys(errors).sort()).toEqual([
    'APCI_CONTROL',
    'APCI_LENGTH',
    'APCI_START',
    'ASDU_LENGTH_MISMATCH',
    'ASDU_TOO_SHORT',
    'LINK_ACKNOWLEDGE',
    'LINK_NOT_STARTED',
    'LINK_ROLE',
    'LINK_SEQUENCE',
    'LINK_T1_I',
    'LINK_T1_U',
  ]);
});

it('the same seed is the same run', () => {
  expect(fuzz({ seed: 7, cases: 50 })).toEqual(fuzz({ seed: 7, cases: 50 }));
});

it('a failure names the case and its input', () => {
  // A report that cannot be counted in stands for a defect.
  const broken = { seed: 0, cases: 0, octets: 0, apdus: 0, decoded: 0, errors: Object.freeze({}) };
  const failures: FuzzFailure[] = [];
  for (let caseSeed = 0; caseSeed < 200; caseSeed++) {
    try {
      runCase(caseSeed, broken);
    } catch (error) {
      failures.push(error as FuzzFailure);
    }
  }
  expect(failures.length).toBeGreaterThan(0);
  for (const failure of failures) {
    expect(failure).toBeInstanceOf(FuzzFailure);
    expect(failure.message).toContain(`case ${failure.caseSeed}`);
    expect(failure.message).toContain(failure.inputHex);
  }
});
