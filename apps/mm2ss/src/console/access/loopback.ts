import { parseSourceRanges } from '@iec104mm2ss/config';

const ranges = parseSourceRanges('127.0.0.0/8;::1');

/** Whether it is an address of this machine alone. */
export const isLoopback = (address: string): boolean =>
  ranges.ok && ranges.value.some((range) => range.contains(address));
