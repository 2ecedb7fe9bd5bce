import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openPage } from './open-page.js';

const URL = 'http://127.0.0.1:9105/';

it('hands the address to what opens it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mm2ss-open-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'opened');
  const warn = vi.fn();
  openPage(URL, { warn }, [process.execPath, '-e', `fs.writeFileSync(${JSON.stringify(file)}, process.argv[1])`]);
  await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toBe(URL), { timeout: 20_000 });
  expect(warn).not.toHaveBeenCalled();
});

it.each([
  ['nothing opens it', []],
  ['what opens it is not there', ['mm2ss-no-such-program']],
])('the log says where %s', async (_, opener) => {
  const warn = vi.fn();
  openPage(URL, { warn }, opener);
  await vi.waitFor(() => expect(warn).toHaveBeenCalledWith(expect.objectContaining({ url: URL }), expect.any(String)));
});
