import { describe, expect, it } from 'vitest';

import { masterOf } from './master-of.js';
import { parseNamedMasters } from './named-masters.js';

const parsed = parseNamedMasters('A=10.1.1.5,cn:scada-a;B=10.1.1.6');
const masters = parsed.ok ? parsed.value : [];
const nameOf = (address: string, ...certificateNames: string[]): string | undefined =>
  masterOf(masters, address, certificateNames)?.name;

describe('the named master of a connection', () => {
  it('is told by its certificate, wherever it comes from', () => {
    expect(nameOf('10.9.9.9', 'cn:scada-a')).toBe('A');
    expect(nameOf('10.1.1.6', 'cn:scada-a')).toBe('A');
  });

  it('is not told by an address when it shows a certificate', () => {
    expect(nameOf('10.1.1.5', 'cn:stranger')).toBe(undefined);
    expect(nameOf('10.1.1.6', 'cn:stranger')).toBe(undefined);
  });

  it('is told by its address without a certificate', () => {
    expect(nameOf('10.1.1.5')).toBe('A');
  });
});
