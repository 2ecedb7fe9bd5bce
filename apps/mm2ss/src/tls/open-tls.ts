import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs';
import { type Logger, type Registry, securityEvent } from '@iec104mm2ss/observability';
import { type Clock, every } from '@iec104mm2ss/runtime';
import { openTlsStore, type TlsSettings } from '@iec104mm2ss/tls';
import type { TlsOptions } from './tls-options.js';

/** Nobody but us may read keys. */
const KEYLOG_MODE = 0o600;
/** It is said again and again while keys are written. */
const KEYLOG_ALARM_MS = 3_600_000;

export interface TlsTools {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** TLS of a process, as long as it runs. */
export interface OpenTls extends TlsSettings {
  stop(): void;
}

/**
 * Reads the certificates, and looks at them from then on.
 *
 * @throws when the key log cannot be written
 */
export async function openTls(options: TlsOptions, { clock, logger, registry }: TlsTools): Promise<OpenTls> {
  const { directory: dir, crlExpired, maxAgeMs, handshakes, handshakeMs, keyLog } = options;
  const keys = keyLog === undefined ? undefined : openKeyLog(keyLog, clock, logger);
  const store = await openTlsStore({ dir, crlExpired, clock, logger, registry });
  return {
    ...{ store, maxAgeMs, handshakes, onKeyLog: keys?.write },
    ...(handshakeMs === undefined ? {} : { handshakeMs }),
    stop: () => {
      store.stop();
      keys?.close();
    },
  };
}

function openKeyLog(
  file: string,
  clock: Clock,
  logger: Logger,
): { readonly write: (line: Buffer) => void; readonly close: () => void } {
  const descriptor = openSync(file, 'a', KEYLOG_MODE);
  // It may have been there before, for everybody to read.
  fchmodSync(descriptor, KEYLOG_MODE);
  const alarm = (): void => {
    const message = 'the keys of all TLS sessions are written to a file: who has it reads them';
    securityEvent(logger, 'tls_keylog', { file }, message);
  };
  alarm();
  const alarms = every(clock, KEYLOG_ALARM_MS, alarm);
  let open = true;
  return {
    write: (line) => {
      if (open) writeSync(descriptor, line);
    },
    close: () => {
      open = false;
      alarms.stop();
      closeSync(descriptor);
    },
  };
}
