#!/usr/bin/env node
import { endOnEarlySignals, SERVING } from './process/early-signals.js';
import { deferOptimising } from './process/start-memory.js';

const command = process.argv[2] ?? '';
// Before anything else is loaded, which takes longer than people wait with Ctrl-C.
endOnEarlySignals(command);
// They last, and may have little to do.
if (SERVING.includes(command)) deferOptimising();
await import('./cli.js');
