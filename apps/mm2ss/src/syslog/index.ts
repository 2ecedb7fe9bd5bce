import { hostname } from 'node:os';
import { createSecureContext } from 'node:tls';
import type { SyslogTarget } from '@iec104mm2ss/config';
import type { Runtime } from '@iec104mm2ss/runtime';
import { UsageError } from '../commands/errors.js';
import { SyslogSender } from './syslog-sender.js';
import { readFiles, type SyslogFiles, wayTo } from './syslog-way.js';

export interface SyslogOptions {
  readonly target: SyslogTarget;
  readonly files: SyslogFiles;
}

/** @throws UsageError when a receiver could never be reached with these files */
export function syslogSender({ target, files }: SyslogOptions, runtime: Runtime, release: string): SyslogSender {
  const { scheme, host, port } = target;
  checkFiles(target, files);
  return new SyslogSender({
    open: wayTo(target, files),
    name: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    origin: { hostName: hostname(), processId: process.pid, release },
    clock: runtime.clock,
    random: () => runtime.random(),
  });
}

function checkFiles({ scheme }: SyslogTarget, files: SyslogFiles): void {
  const given = Object.values(files).filter((file) => file !== undefined);
  if (given.length > 0 && scheme !== 'tls')
    throw new UsageError(`--syslog ${scheme}://: certificates are for tls:// only`);
  try {
    createSecureContext(readFiles(files));
  } catch (error) {
    throw new UsageError(`--syslog: ${(error as Error).message} (files: ${given.join(', ')})`);
  }
}
