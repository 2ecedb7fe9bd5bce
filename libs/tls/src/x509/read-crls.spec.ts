import { describe, expect, it } from 'vitest';
import { readCrls } from './read-crls.js';

/** Made with openssl: O=x, CN=hello; CRL number 2; revoked are 5 and 7000...0000, ...03, ...06 (11 octets). */
const CRL = Buffer.from(
  'MIIBIzCBywIBATAKBggqhkjOPQQDAjAcMQowCAYDVQQKDAF4MQ4wDAYDVQQDDAVoZWxsbxcNMjYxMTI2MTUwNTQ2WhcNMjYxMjI2MTUwNTQ2WjBuMBICAQUX' +
    'DTI2MTEyMzE0Mjc0MVowHAILcAAAAAAAAAAAAAAXDTI2MTEyMzE0Mjc0MVowHAILcAAAAAAAAAAAAAMXDTI2MTEyMzE0Mjc0MVowHAILcAAAAAAAAAAAAAYX' +
    'DTI2MTEyMzE0Mjc0MVqgDjAMMAoGA1UdFAQDAgECMAoGCCqGSM49BAMCA0cAMEQCIEECl2Wqf5lWRkjyYMexEANtAf/nG/sGwdZtoNfwSdcUAiBZ1wziRZcJ' +
    '0DPS/NhTPB+9flQe/mNOYqt665jtb88RoQ==',
  'base64',
);
const PEM = `-----BEGIN X509 CRL-----\n${CRL.toString('base64')}\n-----END X509 CRL-----\n`;

describe('readCrls', () => {
  it('reads DER, and PEM with any number of them', async () => {
    const [crl] = await readCrls(CRL);
    expect(crl).toMatchObject({
      thisUpdate: Date.UTC(2026, 10, 26, 15, 5, 46),
      nextUpdate: Date.UTC(2026, 11, 26, 15, 5, 46),
      number: '02',
      width: 11,
      fault: undefined,
    });
    expect(
      Buffer.from(crl?.serials ?? [])
        .toString('hex')
        .match(/.{22}/g),
    ).toEqual(['0000000000000000000005', '7000000000000000000000', '7000000000000000000003', '7000000000000000000006']);
    expect(await readCrls(Buffer.from(`Some text\n${PEM}${PEM.replaceAll('\n', '\r\n')}`))).toHaveLength(2);
  });

  it('reads the same on a thread', async () => {
    expect(await readCrls(CRL, 1)).toEqual(await readCrls(CRL));
    await expect(readCrls(CRL.subarray(0, 100), 1)).rejects.toThrow('cut off');
  });

  it('takes nothing that is cut off anywhere, or goes on', async () => {
    for (let length = 0; length < CRL.length; length++)
      await expect(readCrls(CRL.subarray(0, length))).rejects.toThrow();
    await expect(readCrls(Buffer.concat([CRL, Buffer.of(0x30, 0)]))).rejects.toThrow();
    await expect(readCrls(Buffer.from(PEM.slice(0, -30)))).rejects.toThrow('cut off');
    await expect(readCrls(Buffer.from(PEM + PEM.slice(0, 200)))).rejects.toThrow('cut off');
    await expect(readCrls(Buffer.from(PEM.replaceAll('X509 CRL', 'CERTIFICATE')))).rejects.toThrow('no CRL');
  });

  it('comes to an end whatever octet is changed, and signs for what it says', async () => {
    const [whole] = await readCrls(CRL);
    for (let i = 0; i < CRL.length; i++) {
      const changed = Buffer.from(CRL);
      changed[i] = (changed[i] ?? 0) ^ (0x80 >> (i & 7));
      const [read] = await readCrls(changed).catch(() => []);
      if (read === undefined) continue;
      // What was changed is either signed or the signature: it cannot be verified any more.
      const same = (part: 'signed' | 'signature' | 'algorithm') =>
        Buffer.compare(read[part], whole?.[part] ?? CRL) === 0;
      expect(same('signed') && same('signature') && same('algorithm'), `octet ${i}`).toBe(false);
    }
  });
});
