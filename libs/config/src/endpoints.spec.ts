import { expect, test } from 'vitest';

import { parseEndpoints } from './endpoints.js';

test.each([
  ['10.1.1.5:2404', [{ host: '10.1.1.5', port: 2404 }]],
  ['10.1.1.5:2404;10.1.1.6:2405', [{ host: '10.1.1.5', port: 2404 }, { host: '10.1.1.6', port: 2405 }]], // prettier-ignore
  [' 10.1.1.5:1 ; 10.1.1.6:65535 ; ', [{ host: '10.1.1.5', port: 1 }, { host: '10.1.1.6', port: 65535 }]], // prettier-ignore
  ['rtu-7.plant_2.example:2404', [{ host: 'rtu-7.plant_2.example', port: 2404 }]],
  ['localhost:2404', [{ host: 'localhost', port: 2404 }]],
  ['[2001:db8::5]:2404', [{ host: '2001:db8::5', port: 2404 }]],
  ['[fe80::1%eth0]:2404', [{ host: 'fe80::1%eth0', port: 2404 }]],
])('%s is accepted in order', (text, value) => {
  expect(parseEndpoints(text)).toEqual({ ok: true, value });
});

test.each([
  ['', 'no IP:PORT given'],
  [' ; ', 'no IP:PORT given'],
  ['10.1.1.5', '"10.1.1.5" is not IP:PORT'],
  ['10.1.1.5:', 'port "" is not a whole number'],
  [':2404', '"" is not an address or host name'],
  ['10.1.1.5:0', 'port 0 is not in 1..65535'],
  ['10.1.1.5:65536', 'port 65536 is not in 1..65535'],
  ['10.1.1.5:24o4', 'port "24o4" is not a whole number'],
  ['10.1.1.5:2404:1', '"10.1.1.5:2404:1" is not IP:PORT'],
  ['10.1.1.300:2404', '"10.1.1.300" is not an address or host name'],
  ['10.1.1:2404', '"10.1.1" is not an address or host name'],
  ['010.1.1.5:2404', '"010.1.1.5" is not an address or host name'],
  ['10.1.1.0/24:2404', '"10.1.1.0/24" is not an address or host name'],
  ['2001:db8::5:2404', 'IPv6 addresses need brackets'],
  ['[10.1.1.5]:2404', '"10.1.1.5" is not an address or host name'],
  ['rtu one:2404', '"rtu one" is not an address or host name'],
  ['-rtu:2404', '"-rtu" is not an address or host name'],
  ['10.1.1.5:2404;bad', '"bad" is not IP:PORT'],
  ['10.1.1.5:2404,10.1.1.6:2404', '"10.1.1.5:2404,10.1.1.6:2404" is not IP:PORT'],
])('%j is refused: %s', (text, reason) => {
  expect(parseEndpoints(text)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) as string });
});
