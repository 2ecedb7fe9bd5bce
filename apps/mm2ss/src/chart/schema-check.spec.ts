import { expect, it } from 'vitest';
import { schemaProblems } from './schema-check.js';

const policy = {
  type: 'object',
  additionalProperties: false,
  required: ['enabled'],
  properties: { enabled: { type: 'boolean' }, masters: { type: 'string' } },
};
const item = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } };
const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['policy'],
  properties: { policy, items: { type: 'array', items: item } },
};

it.each([
  [{}, []],
  [{ policy: { masters: 'any' } }, []],
  [{ policy: { masters: null } }, []],
  [{ policy: { enabled: null } }, ['policy.enabled must not be empty']],
  [{ policy: null }, ['policy must not be empty']],
  [{ items: [{}] }, ['items[0] lacks name']],
  [{ items: [{ name: null }] }, ['items[0].name must be string']],
])('of %j it says %j', (values, problems) => {
  expect(schemaProblems(values, schema)).toEqual(problems);
});
