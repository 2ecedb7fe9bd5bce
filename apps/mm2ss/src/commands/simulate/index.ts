import type { Command } from 'commander';
import { EXIT_FAILED } from '../../process/exit-codes.js';
import { registerCheck } from './check.js';
import { registerConformance } from './conformance.js';
import { registerMaster } from './master.js';
import { registerReplay } from './replay.js';
import { registerRtu } from './rtu.js';
import { registerRtus } from './rtus.js';
import { registerScenario } from './scenario.js';
import { registerSend } from './send.js';

/** `mm2ss simulate ...`: stations that are not there, for tests and for trying things. */
export function registerSimulate(program: Command): void {
  const simulate = program
    .command('simulate')
    .description('simulated RTUs and masters, for tests and for trying things');
  registerRtus(simulate);
  registerCheck(simulate);
  registerSend(simulate);
  registerScenario(simulate);
  registerReplay(simulate);
  registerConformance(simulate);
  registerRtu(simulate);
  registerMaster(simulate);
  // `mm2ss simulate ... | head`: nobody reads any more.
  simulate.hook('preAction', () => void process.stdout.on('error', () => process.exit(EXIT_FAILED)));
}
