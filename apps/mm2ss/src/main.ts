#!/usr/bin/env node
import { endOnEarlySignals } from './process/early-signals.js';

// Before anything else is loaded, which takes longer than people wait with Ctrl-C.
endOnEarlySignals(process.argv[2]);
await import('./cli.js');
