import { expect, test } from 'vitest';
import { href, parseRoute } from './route.js';

test('a link is read as it was written, whatever is in it', () => {
  const link = href(['group', 'a/b ü'], { filter: 'x & y=1', sort: '', show: undefined });
  const { path, query } = parseRoute(link);
  expect(path).toEqual(['group', 'a/b ü']);
  expect(Object.fromEntries(query)).toEqual({ filter: 'x & y=1' });
});

test.each([
  ['', []],
  ['#', []],
  ['#/groups', ['groups']],
  ['#/a/%zz', ['a', '%zz']],
])('%s', (hash, path) => {
  expect(parseRoute(hash).path).toEqual(path);
});
