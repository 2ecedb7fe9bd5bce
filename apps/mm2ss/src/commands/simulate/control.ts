import type { Command } from 'commander';
import type { RtuFleet } from '@iec104mm2ss/simulator';
import { HttpAddressError, parseHttpAddress } from '../../http/index.js';
import { EXIT_FAILED, EXIT_USAGE } from '../../process/exit-codes.js';
import type { RecentLines } from '../../simulator/recent-lines.js';
import { listenSimulator, type SimulatorServer } from '../../simulator/server.js';
import { messageOf, print } from './shared.js';

/** Where a running simulator is asked for something, unless said otherwise. */
export const CONTROL_ADDRESS = '127.0.0.1:9110';

export interface ControlFlags {
  readonly http: string;
  readonly token?: string;
}

export function addControlOptions(command: Command, otherwise: string): Command {
  return command
    .option('--http <HOST:PORT>', 'HTTP API that drives it (simulate send, /openapi.json), or off', otherwise)
    .option('--token <FILE>', 'file with bearer tokens that the HTTP API asks for');
}

/** Lets the API listen, or ends the process saying why it cannot. */
export async function openControl(
  fleet: RtuFleet,
  flags: ControlFlags,
  self: Command,
  recent: RecentLines,
): Promise<SimulatorServer | undefined> {
  try {
    const address = parseHttpAddress(flags.http);
    if (address === undefined) return undefined;
    const server = await listenSimulator(fleet, address, recent, flags.token);
    print(`page and HTTP API: ${server.url}`);
    return server;
  } catch (error) {
    const isUsage = error instanceof HttpAddressError || (error as Error).name === 'UsageError';
    const exitCode = isUsage ? EXIT_USAGE : EXIT_FAILED;
    return self.error(`error: HTTP API on ${flags.http}: ${messageOf(error)} (--http HOST:PORT, or off)`, { exitCode });
  }
}
