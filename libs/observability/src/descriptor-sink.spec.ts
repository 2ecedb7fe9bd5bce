import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DescriptorSink } from './descriptor-sink.js';

describe('DescriptorSink', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mm2ss-log-'));
    path = join(folder, 'out');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('writes to a descriptor it was given and leaves it open', async () => {
    const descriptor = openSync(path, 'w');
    const sink = new DescriptorSink(descriptor);
    await sink.write('größe\n');
    await sink.close();
    sink.writeNow('last\n');
    closeSync(descriptor);
    expect(readFileSync(path, 'utf8')).toBe('größe\nlast\n');
  });

  it('rejects, and gives up at once at the end, when the descriptor cannot be written', async () => {
    const descriptor = openSync('/dev/null', 'r');
    const sink = new DescriptorSink(descriptor);
    await expect(sink.write('x\n')).rejects.toThrow('EBADF');
    expect(() => sink.writeNow('x\n')).toThrow('EBADF');
    closeSync(descriptor);
  });
});
