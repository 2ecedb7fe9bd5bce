#!/usr/bin/env node
import { endOnEarlySignals } from './process/early-signals.js';
import { deferOptimising } from './process/start-memory.js';

/** They last, and may have little to do. */
const SERVICES = ['run', 'connector', 'router', 'gateway', 'console'];

const command = process.argv[2] ?? '';
// Before anything else is loaded, which takes longer than people wait with Ctrl-C.
endOnEarlySignals(command);
if (SERVICES.includes(command)) deferOptimising();
await import('./cli.js');
