import { clientNames, type GroupConfig } from '@iec104mm2ss/config';
import { type Logger, securityEvent } from '@iec104mm2ss/observability';
import type { Runtime, TcpSocket } from '@iec104mm2ss/runtime';
import {
  GroupMaterial,
  HANDSHAKE_MS,
  type HandshakeFailure,
  type HandshakeRoom,
  SecurePeer,
  shakeHands,
  type TlsMaterial,
  type TlsSettings,
} from '@iec104mm2ss/tls';

export interface TlsDoorOptions {
  readonly config: () => GroupConfig;
  /** Undefined: this process was told nothing of TLS. */
  readonly settings: TlsSettings | undefined;
  /** Of all groups of the process. */
  readonly room: HandshakeRoom;
  readonly runtime: Runtime;
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

/** The way in through the port for TLS: the handshake, and the decision about the certificate that the master shows. */
export class TlsDoor {
  private readonly material: GroupMaterial;

  constructor(private readonly options: TlsDoorOptions) {
    this.material = new GroupMaterial(options.settings, options.config);
  }

  /** Why nobody can be let in; undefined: it can be tried. */
  get trouble(): string | undefined {
    return this.material.trouble;
  }

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
      material = this.material.get();
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
        material: () => this.material.get(),
        names: () => clientNames(this.options.config()),
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
