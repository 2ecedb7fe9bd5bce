import { expect, it } from 'vitest';
import { parseProxies } from './proxies.js';

it('load balancers are hosts and networks', () => {
  const parsed = parseProxies('10.1.1.5; 10.2.0.0/16;2001:db8::/32');
  expect(parsed.ok && parsed.value.map(({ text }) => text)).toEqual(['10.1.1.5', '10.2.0.0/16', '2001:db8::/32']);
  expect(parseProxies('')).toEqual({ ok: true, value: [] });
});

it.each([
  ['0.0.0.0/0', 'lets everybody say who he is'],
  ['::/0', 'lets everybody say who he is'],
  ['10.1.1.5;0.0.0.0/0', 'lets everybody say who he is'],
  ['balancer', 'is not an IP address or network'],
  [';', 'no IP address or network given'],
])('%s is refused', (text, reason) => {
  expect(parseProxies(text)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) as string });
});
