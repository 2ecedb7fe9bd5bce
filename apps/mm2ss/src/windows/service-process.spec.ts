import { expect, it } from 'vitest';
import { isToServe } from './service-process.js';

it.each([
  ['run -c', true],
  ['run --open --service -i a.csv', true],
  ['run -nc', true],
  ['run -n', false],
  ['run --console 127.0.0.1:9105', false],
  ['check -c', false],
])('mm2ss %s is told to be a service: %s', (line, expected) => {
  expect(isToServe(line.split(' '))).toBe(expected);
});
