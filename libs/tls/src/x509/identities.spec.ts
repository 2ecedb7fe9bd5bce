import { GeneralName } from '@peculiar/asn1-x509';
import { describe, expect, it } from 'vitest';
import { identitiesOf, identityText } from './identities.js';

const PRINT = 'ab'.repeat(32);

const named = (commonName: string | undefined, ...names: Partial<GeneralName>[]) =>
  identitiesOf(
    commonName,
    names.map((name) => new GeneralName(name)),
    PRINT,
  );
const texts = (...parameters: Parameters<typeof named>) => named(...parameters).identities.map(identityText);

describe('identities of a certificate', () => {
  it('are its common name, names of hosts, URIs, and its fingerprint', () => {
    expect(texts('scada-a', { dNSName: 'Host.Example' }, { uniformResourceIdentifier: 'urn:A' })).toEqual([
      'cn:scada-a',
      'dns:host.example',
      'uri:urn:A',
      `sha256:${PRINT}`,
    ]);
  });

  it('are only its fingerprint when it has no name, or one of another kind', () => {
    expect(texts(undefined, { rfc822Name: 'a@b' }, { iPAddress: '10.0.0.1' })).toEqual([`sha256:${PRINT}`]);
    expect(texts('')).toEqual([`sha256:${PRINT}`]);
  });

  it.each([
    ['a wildcard', { dNSName: '*.example' }],
    ['NUL in a host', { dNSName: 'a.example\0.evil' }],
    ['a list in a host', { dNSName: 'a.example,dns:b.example' }],
    ['nothing in a host', { dNSName: '' }],
    ['an empty label', { dNSName: 'a..b' }],
    ['a line end in a URI', { uniformResourceIdentifier: 'urn:a\ndns:b' }],
  ])('leave %s out, and say so', (_what, name) => {
    const { identities, unusableNames } = named(undefined, name);
    expect(identities.map(identityText)).toEqual([`sha256:${PRINT}`]);
    expect(unusableNames).toHaveLength(1);
    expect(unusableNames[0]).not.toMatch(/\p{Cc}/u);
  });

  it('are bounded, and the fingerprint is always one of them', () => {
    const many = Array.from({ length: 5_000 }, (_, i) => ({ dNSName: `h${i}` }));
    const { identities, unusableNames } = named(undefined, ...many);
    expect(identities.length).toBeLessThan(100);
    expect(unusableNames.length).toBeLessThan(100);
    expect(identities.at(-1)).toEqual({ kind: 'sha256', value: PRINT });
  });
});
