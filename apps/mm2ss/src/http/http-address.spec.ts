import { describe, expect, it } from 'vitest';
import { formatHttpAddress, HttpAddressError, parseHttpAddress } from './http-address.js';

describe('parseHttpAddress', () => {
  it.each([
    ['127.0.0.1:9104', { host: '127.0.0.1', port: 9104 }],
    ['[::1]:9104', { host: '::1', port: 9104 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
    ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
    [':9104', { port: 9104 }],
    ['off', undefined],
  ])('%s', (text, address) => {
    expect(parseHttpAddress(text)).toEqual(address);
    if (address) expect(formatHttpAddress(address)).toBe(text);
  });

  it.each([
    ['', 'no port'],
    ['9104', 'no port'],
    ['localhost', 'no port'],
    ['[::1]', 'no port'],
    ['127.0.0.1:', '"" is not a port'],
    ['127.0.0.1:65536', '"65536" is not a port'],
    ['127.0.0.1:http', '"http" is not a port'],
    ['127.0.0.1:-1', '"-1" is not a port'],
    ['::1:9104', 'needs brackets'],
    ['[127.0.0.1]:80', 'not an IPv6 address'],
    ['http://localhost:80', 'needs brackets'],
    ['a b:80', '"a b" is not a host'],
  ])('refuses "%s": %s', (text, reason) => {
    expect(() => parseHttpAddress(text)).toThrow(HttpAddressError);
    expect(() => parseHttpAddress(text)).toThrow(reason);
  });
});
