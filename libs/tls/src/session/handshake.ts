import type { Clock, Network, SecureOptions, SecureSocket, TcpSocket } from '@iec104mm2ss/runtime';
import { type HandshakeFailure, handshakeFailure } from './handshake-failure.js';

export interface HandshakeOptions extends SecureOptions {
  readonly network: Pick<Network, 'secure'>;
  readonly clock: Clock;
  /** Infinity: somebody else keeps the time. */
  readonly limitMs: number;
}

export type HandshakeOutcome =
  { readonly ok: true; readonly socket: SecureSocket } | ({ readonly ok: false } & HandshakeFailure);

/**
 * TLS on a connected socket, up to the end of the first handshake. What fails, or takes too long, closes the socket: Node's own
 * limit leaves it open.
 *
 * @param done called once, in the same turn as the last octet of the handshake; the socket is its receiver's from then on
 * @returns ends it, without a word to `done`
 */
export function shakeHands(
  raw: TcpSocket,
  { network, clock, limitMs, ...options }: HandshakeOptions,
  done: (outcome: HandshakeOutcome) => void,
): () => void {
  const socket = network.secure?.(raw, options);
  let over = false;
  const end = (): void => {
    over = true;
    clock.clearTimer(timer);
  };
  const fail = (failure: HandshakeFailure): void => {
    if (over) return;
    end();
    // TLS takes the connection below it with it.
    (socket ?? raw).destroy();
    done({ ok: false, ...failure });
  };
  const timer =
    limitMs === Infinity
      ? undefined
      : clock.setTimer(() => {
          fail({ code: 'handshake_timeout', reason: `the handshake was not done within ${limitMs / 1000} s` });
        }, limitMs);
  if (socket === undefined) {
    clock.endOfTurn(() => fail({ code: 'unusable', reason: 'this network has no TLS' }));
  } else {
    socket.onTrouble((error) => fail(handshakeFailure(error)));
    socket.on('close', () => {
      fail({ code: 'handshake_closed', reason: 'the peer closed the connection during the handshake' });
    });
    socket.onSecure(() => {
      if (over) return;
      end();
      done({ ok: true, socket });
    });
  }
  return () => {
    if (over) return;
    end();
    // TLS takes the connection below it with it.
    (socket ?? raw).destroy();
  };
}
