import { describe, expect, it } from 'vitest';
import { FILE_TIMEOUT_MS, FileTransfers } from './file-transfers.js';

const A = 1;
const B = 2;

describe('a file', () => {
  it('belongs to who began with it', () => {
    const files = new FileTransfers();
    expect(files.fromMaster(1, 10, A, 7, 0)).toBe(true);
    expect(files.fromMaster(1, 10, A, 8, 100)).toBe(true);
    expect(files.fromMaster(1, 10, B, 9, 200)).toBe(false);
    expect(files.fromMaster(1, 11, B, 9, 200)).toBe(true);
    expect(files.fromRtu(1, 10, false, 300)).toMatchObject({ session: A, ownOa: 8 });
    expect(files.fromRtu(1, 11, false, 300)).toMatchObject({ session: B, ownOa: 9 });
  });

  it('is free a while after the last ASDU of either side', () => {
    const files = new FileTransfers();
    files.fromMaster(1, 10, A, 0, 0);
    expect(files.fromRtu(1, 10, false, FILE_TIMEOUT_MS - 1)?.session).toBe(A);
    const end = 2 * FILE_TIMEOUT_MS - 1;
    expect(files.fromMaster(1, 10, B, 0, end - 1)).toBe(false);
    expect(files.fromRtu(1, 10, false, end)).toBeUndefined();
    expect(files.fromMaster(1, 10, B, 0, end)).toBe(true);
    expect(files.fromRtu(1, 10, false, end)?.session).toBe(B);
  });

  it('is free when its session is gone, or the RTU is', () => {
    const files = new FileTransfers();
    files.fromMaster(1, 10, A, 0, 0);
    files.fromMaster(2, 10, B, 0, 0);
    files.forget(A);
    expect(files.fromRtu(1, 10, false, 1)).toBeUndefined();
    expect(files.fromRtu(2, 10, false, 1)?.session).toBe(B);
    files.clear();
    expect(files.fromRtu(2, 10, false, 1)).toBeUndefined();
  });

  it('of a directory, with an address of its own, goes to the only one who transfers from that station', () => {
    const files = new FileTransfers();
    files.fromMaster(1, 0, A, 5, 0);
    files.fromMaster(2, 0, B, 0, 0);
    expect(files.fromRtu(1, 77, true, 1)).toMatchObject({ session: A, ownOa: 5 });
    expect(files.fromRtu(1, 77, false, 1), 'another file').toBeUndefined();
    files.fromMaster(1, 3, B, 0, 2);
    expect(files.fromRtu(1, 77, true, 3), 'two of them').toBeUndefined();
    expect(files.fromRtu(3, 77, true, 3)).toBeUndefined();
    expect(files.fromRtu(1, 77, true, 2 + FILE_TIMEOUT_MS)).toBeUndefined();
  });
});
