import { expect, it } from 'vitest';
import { denialOf } from './denial.js';

it.each([
  [401, 'wrong password', undefined, /^Not logged in: wrong password\. Load the page anew/, Infinity],
  [403, 'nobody of that name', undefined, /^No access: nobody of that name\./, Infinity],
  [429, 'too many', 30, /asked again in 30 s/, 31_000],
  [429, 'too many', undefined, /asked again in 10 s/, 11_000],
])('%i means that nobody is to ask by himself before it makes sense', (status, message, after, reason, againAt) => {
  const denial = denialOf(status, message, after, 1_000);
  expect(denial?.reason).toMatch(reason);
  expect(denial?.againAt).toBe(againAt);
});

it.each([0, 400, 404, 409, 500, 503])('%i says nothing of who asks', (status) => {
  expect(denialOf(status, 'x', undefined, 0)).toBeUndefined();
});
