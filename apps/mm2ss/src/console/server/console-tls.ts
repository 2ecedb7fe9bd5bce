import { readFileSync } from 'node:fs';
import type { Server as HttpServer } from 'node:http';
import { join } from 'node:path';
import { createSecureContext, createServer, type SecureContextOptions, type Server } from 'node:tls';
import type { Clock } from '@iec104mm2ss/runtime';
import { UsageError } from '../../commands/errors.js';

/** How often the files are looked at: a certificate that was renewed counts without a restart. */
const LOOK_MS = 30_000;
/** Who has not shaken hands by then is let go. */
const HANDSHAKE_MS = 5_000;

export interface ConsoleTls {
  /** Listens in the place of the HTTP server, which gets the connections that come in. */
  readonly server: Server;
  stop(): void;
}

/**
 * TLS before the console's HTTP server, with `tls.crt` and `tls.key` of a folder. It asks for no certificates: who asks is known
 * by a password.
 *
 * @param onTrouble called with the reason when files that have changed cannot be used; the ones before count on
 * @throws UsageError when there is nothing to do TLS with
 */
export function tlsBefore(
  http: HttpServer,
  folder: string,
  clock: Pick<Clock, 'setTimer' | 'clearTimer'>,
  onTrouble: (reason: string) => void,
): ConsoleTls {
  let files = read(folder);
  const server = createServer(
    { ...files, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS, ALPNProtocols: ['http/1.1'] },
    (socket) => http.emit('connection', socket),
  );
  // It looks after the time limits of its connections from then on.
  server.once('listening', () => http.emit('listening'));
  // What is no TLS is nothing to be remarked: scanners do it all day.
  server.on('tlsClientError', (_, socket) => socket.destroy());
  let trouble = '';
  const look = (): void => {
    try {
      const now = read(folder);
      if (now.cert !== files.cert || now.key !== files.key) server.setSecureContext(now);
      files = now;
      trouble = '';
    } catch (error) {
      const reason = (error as Error).message;
      if (reason !== trouble) onTrouble(reason);
      trouble = reason;
    }
    timer = clock.setTimer(look, LOOK_MS, true);
  };
  let timer = clock.setTimer(look, LOOK_MS, true);
  return {
    server,
    stop: () => clock.clearTimer(timer),
  };
}

/** @throws UsageError */
function read(folder: string): Pick<SecureContextOptions, 'cert' | 'key' | 'minVersion'> {
  try {
    const [cert, key] = ['tls.crt', 'tls.key'].map((name) => readFileSync(join(folder, name), 'utf8'));
    createSecureContext({ cert, key });
    return { cert, key, minVersion: 'TLSv1.2' };
  } catch (error) {
    throw new UsageError(`--console-tls-dir ${folder}: ${(error as Error).message}`);
  }
}
