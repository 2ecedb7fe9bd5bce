import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

const EXECUTABLE = process.env['MM2SS_TEST_COMMAND'] ?? resolve(import.meta.dirname, '../../bin/mm2ss');

/** A command for operators: its exit code, and all that it printed. */
export function mm2ss(...args: string[]): Promise<{ code: number; text: string }> {
  return new Promise((settle) => {
    execFile(EXECUTABLE, args, (error, stdout, stderr) => {
      settle({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
    });
  });
}
