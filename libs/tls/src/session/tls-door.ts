import { type Logger, securityEvent } from '@iec104mm2ss/observability';
import type { Runtime, TcpSocket } from '@iec104mm2ss/runtime';
import type { PeerName, TlsMaterial } from '../types.js';
import { shakeHands } from './handshake.js';
import type { HandshakeFailure } from './handshake-failure.js';
import type { HandshakeRoom } from './handshake-room.js';
import { SecurePeer } from './secure-peer.js';
import { HANDSHAKE_MS, type TlsSettings } from './settings.js';

export interface TlsDoorOptions {
  /** What is in force now. May throw. */
  readonly material: () => TlsMaterial;
  /** Who may come in now. */
  readonly names: () => readonly PeerName[];
  /** Undefined: this process was told nothing of TLS. */
  readonly settings: Pick<TlsSettings, 'handshakeMs' | 'onKeyLog'> | undefined;
  readonly room: HandshakeRoom;
  readonly runtime: Pick<Runtime, 'clock' | 'network'>;
  readonly logger: Logger;
}

export type DoorOutcome =
  { readonly ok: true; readonly secure: SecurePeer } | ({ readonly ok: false } & HandshakeFailure);

/** A connection on its way through the door. */
export interface AtTheDoor {
  readonly address: string;
  readonly outcome: Promise<DoorOutcome>;
  cancel(): void;
}

/** The way in through a port for TLS: the handshake, and the decision about the certificate that the peer shows. */
export class TlsDoor {
  constructor(private readonly options: TlsDoorOptions) {}

  /** @param raw a connection that has come in, paused; closed unless the outcome is good */
  enter(raw: TcpSocket, address: string, peer: string): AtTheDoor {
    const { clock } = this.options.runtime;
    const limitMs = this.options.settings?.handshakeMs ?? HANDSHAKE_MS;
    const until = clock.now() + limitMs;
    let abandon: (() => void) | undefined;
    let settle: (outcome: DoorOutcome) => void = () => undefined;
    const outcome = new Promise<DoorOutcome>((resolve) => (settle = resolve));
    const end = (result: DoorOutcome): void => {
      clock.clearTimer(waiting);
      leave();
      if (!result.ok) this.refused(peer, result);
      settle(result);
    };
    const waiting = clock.setTimer(() => {
      if (abandon !== undefined) return;
      raw.destroy();
      end({ ok: false, code: 'handshake_timeout', reason: 'too many handshakes were under way' });
    }, limitMs);
    const begin = (): void => {
      abandon = this.begin(raw, peer, Math.max(0, until - clock.now()), end);
    };
    const leave = this.options.room.enter(address, begin);
    const cancel = (): void => {
      clock.clearTimer(waiting);
      leave();
      abandon?.();
      settle({ ok: false, code: 'handshake_closed', reason: 'the connection is not wanted any more' });
    };
    return { address, outcome, cancel };
  }

  private begin(raw: TcpSocket, peer: string, limitMs: number, end: (outcome: DoorOutcome) => void): () => void {
    const { runtime, settings, logger } = this.options;
    const { clock, network } = runtime;
    const fail = (failure: HandshakeFailure): (() => void) => {
      raw.destroy();
      clock.endOfTurn(() => end({ ok: false, ...failure }));
      return () => undefined;
    };
    if (raw.destroyed) return fail({ code: 'handshake_closed', reason: 'the peer has gone' });
    let material: TlsMaterial;
    try {
      material = this.options.material();
    } catch (error) {
      return fail({ code: 'unusable', reason: (error as Error).message });
    }
    const { context } = material;
    const handshake = { network, clock, limitMs, context, side: 'server', onKeyLog: settings?.onKeyLog } as const;
    return shakeHands(raw, handshake, (outcome) => {
      if (!outcome.ok) {
        end(outcome);
        return;
      }
      const secure = SecurePeer.judge(outcome.socket, {
        material: () => this.options.material(),
        names: () => this.options.names(),
        role: 'client',
        ...{ logger, clock, peer },
      });
      end(secure instanceof SecurePeer ? { ok: true, secure } : { ok: false, ...secure });
    });
  }

  private refused(peer: string, { code, reason }: HandshakeFailure): void {
    securityEvent(this.options.logger, 'tls_refused', { peer, reason: code }, `TLS refused: ${reason}`);
  }
}
