import { expect, it } from 'vitest';
import { freePort } from '../free-port.js';

it('ports asked for at once are different ones', async () => {
  const ports = await Promise.all(Array.from({ length: 250 }, freePort));
  expect(new Set(ports).size).toBe(250);
});
