#!/usr/bin/env node
import { endOnEarlySignals, SERVING } from './process/early-signals.js';
import { deferOptimising } from './process/start-memory.js';
import { isOneFile } from './program-files.js';
import { keepWindow } from './windows/keep-window.js';
import { readCommandLine } from './windows/command-line.js';
import { enterService, isToServe } from './windows/service-process.js';

if (isOneFile) {
  if (process.argv.length === 2) keepWindow();
  const args = readCommandLine(process.argv.slice(2));
  if (process.platform === 'win32' && isToServe(args)) enterService(args);
  process.argv.splice(2, Infinity, ...args);
}
const command = process.argv[2] ?? '';
// Before anything else is loaded, which takes longer than people wait with Ctrl-C.
endOnEarlySignals(command);
// They last, and may have little to do.
if (SERVING.includes(command)) deferOptimising();
void import('./cli.js').then(({ runCommand }) => runCommand());
