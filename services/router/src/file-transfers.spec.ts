import { describe, expect, it } from 'vitest';
import { FILE_TIMEOUT_MS, FileTransfers, MAX_FILES, MAX_FILES_PER_SESSION } from './file-transfers.js';

const A = 1;
const B = 2;

describe('a file', () => {
  it('belongs to who began with it', () => {
    const files = new FileTransfers();
    expect(files.fromMaster(1, 10, A, 7, 0)).toBeUndefined();
    expect(files.fromMaster(1, 10, A, 8, 100)).toBeUndefined();
    expect(files.fromMaster(1, 10, B, 9, 200)).toBe('file in use by another master');
    expect(files.fromMaster(1, 11, B, 9, 200)).toBeUndefined();
    expect(files.fromRtu(1, 10, false, 300)).toMatchObject({ session: A, ownOa: 8 });
    expect(files.fromRtu(1, 11, false, 300)).toMatchObject({ session: B, ownOa: 9 });
  });

  it('is free a while after the last ASDU of either side', () => {
    const files = new FileTransfers();
    files.fromMaster(1, 10, A, 0, 0);
    expect(files.fromRtu(1, 10, false, FILE_TIMEOUT_MS - 1)?.session).toBe(A);
    const end = 2 * FILE_TIMEOUT_MS - 1;
    expect(files.fromMaster(1, 10, B, 0, end - 1)).toBe('file in use by another master');
    expect(files.fromRtu(1, 10, false, end)).toBeUndefined();
    expect(files.fromMaster(1, 10, B, 0, end)).toBeUndefined();
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

  it('is one of a few of its session: who names thousands locks none of them, nor anybody out', () => {
    const files = new FileTransfers();
    const refused = Array.from({ length: 5_000 }, (_, ioa) => files.fromMaster(1, ioa, A, 0, 0)).filter(Boolean);
    expect(refused).toHaveLength(5_000 - MAX_FILES_PER_SESSION);
    expect(new Set(refused)).toEqual(new Set(['too many files at a time']));
    expect(files.size).toBe(MAX_FILES_PER_SESSION);
    expect(files.fromMaster(1, 4_000, B, 0, 0)).toBeUndefined();
    expect(files.fromMaster(1, 0, A, 0, 10), 'it goes on with those it has').toBeUndefined();
    expect(files.fromMaster(1, 4_001, A, 0, FILE_TIMEOUT_MS), 'and begins others when they are over').toBeUndefined();
  });

  it('is one of so many of all sessions, and what is over is forgotten', () => {
    const files = new FileTransfers();
    for (let session = 1; files.size < MAX_FILES; session++) {
      for (let ioa = 0; ioa < MAX_FILES_PER_SESSION; ioa++) files.fromMaster(session, ioa, session, 0, 0);
    }
    expect(files.fromMaster(0xfff, 1, 0xfff, 0, 1)).toBe('too many files at a time');
    files.expire(FILE_TIMEOUT_MS);
    expect(files.size).toBe(0);
  });
});
