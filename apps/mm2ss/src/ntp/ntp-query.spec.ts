import { describe, expect, it } from 'vitest';
import { parseNtpServer } from './ntp-query.js';

describe('parseNtpServer', () => {
  it.each([
    ['pool.ntp.org', 'pool.ntp.org', 123],
    ['10.1.1.15', '10.1.1.15', 123],
    [' 10.1.1.15:1123 ', '10.1.1.15', 1123],
    ['2001:db8::1', '2001:db8::1', 123],
    ['[2001:db8::1]', '2001:db8::1', 123],
    ['[2001:db8::1]:1123', '2001:db8::1', 1123],
  ])('%s', (text, host, port) => expect(parseNtpServer(text)).toEqual({ name: text.trim(), host, port }));

  it.each(['', 'a b', 'host:', 'host:0', 'host:65536', 'host:x', '[10.1.1.1]:123', '1:2:3'])('refuses "%s"', (text) =>
    expect(() => parseNtpServer(text)).toThrow(`NTP server "${text}"`),
  );
});
