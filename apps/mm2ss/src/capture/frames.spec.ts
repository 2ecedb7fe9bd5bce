import type { CaptureSegment } from '@iec104mm2ss/wire';
import { describe, expect, it } from 'vitest';
import { framesOf } from './frames.js';

const segment = (changes: Partial<CaptureSegment>): CaptureSegment => ({
  ...{ kind: 'in', at: 0, local: ['10.0.0.1', 2404], remote: ['10.0.0.9', 40_000] },
  ...{ controlling: false, received: 0, sent: 0 },
  ...changes,
});

/** Sum of 16-bit words as RFC 1071 has it: 0xffff where the checksum is right. */
function sum(...parts: Uint8Array[]): number {
  let total = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) total += ((part[at] ?? 0) << 8) + (part[at + 1] ?? 0);
  }
  while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
  return total;
}

function parsed({ octets, inbound }: { octets: Buffer; inbound: boolean }) {
  const isIpv4 = octets.readUInt16BE(12) === 0x0800;
  const tcpAt = isIpv4 ? 34 : 54;
  const [ip, tcp] = [octets.subarray(14, tcpAt), octets.subarray(tcpAt)];
  const pseudo = Buffer.from([0, 6, tcp.length >> 8, tcp.length & 0xff]);
  expect(sum(isIpv4 ? ip.subarray(12) : ip.subarray(8), pseudo, tcp), 'TCP checksum').toBe(0xffff);
  if (isIpv4) expect([sum(ip), ip.readUInt16BE(2)]).toEqual([0xffff, octets.length - 14]);
  else expect(ip.readUInt16BE(4)).toBe(tcp.length);
  const flags = ['FIN', 'SYN', 'RST', 'PSH', 'ACK'].filter((_, bit) => ((tcp[13] ?? 0) & (1 << bit)) !== 0).join(' ');
  const ports = `${tcp.readUInt16BE(0)}>${tcp.readUInt16BE(2)}`;
  return { inbound, ip, ports, flags, seq: tcp.readUInt32BE(4), ack: tcp.readUInt32BE(8), data: tcp.subarray(20) };
}

const story = (changes: Partial<CaptureSegment>) =>
  framesOf(segment(changes))
    .map(parsed)
    .map(({ ports, flags, seq, ack, data }) => `${ports} ${flags} ${seq} ${ack} ${data.toString('hex')}`.trim());

describe('frames of a segment', () => {
  it('begin with who connects: a master to us, we to an RTU', () => {
    expect(story({ kind: 'open' })).toEqual(['40000>2404 SYN 0 0', '2404>40000 SYN ACK 0 1', '40000>2404 ACK 1 1']);
    const toRtu = { controlling: true, local: ['10.0.0.1', 50_000], remote: ['10.0.0.9', 2404] } as const;
    expect(story({ kind: 'open', ...toRtu, local: [...toRtu.local], remote: [...toRtu.remote] })[0]).toBe(
      '50000>2404 SYN 0 0',
    );
  });

  it('go on from the octets before, in both directions, and around 2^32', () => {
    const octets = Buffer.from('680407000000', 'hex');
    expect(story({ kind: 'in', octets, received: 10, sent: 20 })).toEqual(['40000>2404 PSH ACK 11 21 680407000000']);
    expect(story({ kind: 'out', octets, received: 10, sent: 20 })).toEqual(['2404>40000 PSH ACK 21 11 680407000000']);
    expect(story({ kind: 'in', octets, received: 2 ** 32, sent: 2 ** 33 - 1 })[0]).toContain('PSH ACK 1 0');
  });

  it('end as the connection did', () => {
    const at = { received: 10, sent: 20 };
    expect(story({ kind: 'closed', ...at })).toEqual(['2404>40000 FIN ACK 21 11']);
    expect(story({ kind: 'peer-closed', ...at })).toEqual(['40000>2404 FIN ACK 11 21', '2404>40000 FIN ACK 21 12']);
    expect(story({ kind: 'reset', ...at })).toEqual(['2404>40000 RST ACK 21 11']);
    expect(story({ kind: 'peer-reset', ...at })).toEqual(['40000>2404 RST ACK 11 21']);
  });

  it('hold what an Ethernet takes, without a gap', () => {
    const octets = Buffer.from(Array.from({ length: 5_001 }, (_, i) => i % 251));
    const frames = framesOf(segment({ kind: 'out', octets })).map(parsed);
    expect(Buffer.concat(frames.map(({ data }) => data))).toEqual(octets);
    let next = 1;
    for (const { seq, data, ip } of frames) {
      expect([seq, data.length + 20 + ip.length <= 1_500]).toEqual([next, true]);
      next += data.length;
    }
  });

  it.each([
    ['::1', '00000000000000000000000000000001'],
    ['fe80::1:2%eth0', 'fe800000000000000000000000010002'],
    ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
    ['::', '00000000000000000000000000000000'],
    ['64:ff9b::1.2.3.4', '0064ff9b000000000000000001020304'],
  ])('know the IPv6 address %s', (address, octets) => {
    const [frame] = framesOf(segment({ kind: 'closed', local: [address, 2404], remote: ['::1', 1] })).map(parsed);
    expect(frame?.ip.subarray(8, 24).toString('hex')).toBe(octets);
  });

  it('are of one family: IPv4 addresses that come as IPv6 ones are IPv4, both mapped where the other end is not', () => {
    const both = { kind: 'closed', local: ['::ffff:10.0.0.1', 2404], remote: ['::ffff:10.0.0.9', 1] } as const;
    const [four] = framesOf(segment({ ...both, local: [...both.local], remote: [...both.remote] })).map(parsed);
    expect(four?.ip).toHaveLength(20);
    const [six] = framesOf(segment({ kind: 'closed', remote: ['2001:db8::9', 1] })).map(parsed);
    expect(six?.ip.subarray(8, 24).toString('hex')).toBe('00000000000000000000ffff0a000001');
  });

  it('are made where an address is not known', () => {
    expect(story({ kind: 'reset', remote: ['', 0] })).toEqual(['2404>0 RST ACK 1 1']);
  });
});
