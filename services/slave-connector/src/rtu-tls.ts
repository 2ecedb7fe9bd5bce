import type { Endpoint, GroupConfig } from '@iec104mm2ss/config';
import type { Logger } from '@iec104mm2ss/observability';
import type { Runtime, TcpSocket } from '@iec104mm2ss/runtime';
import {
  GroupMaterial,
  type HandshakeFailure,
  SecurePeer,
  shakeHands,
  type TlsMaterial,
  type TlsSettings,
} from '@iec104mm2ss/tls';

/** How often it is looked at whether the certificate of the RTU has ended. */
export const CERTIFICATE_LOOK_MS = 60_000;

const ADDRESS = /^[\d.]+$|:/;

export interface RtuTlsOptions {
  readonly config: () => GroupConfig;
  /** Undefined: this process was told nothing of TLS. */
  readonly settings: TlsSettings | undefined;
  readonly runtime: Pick<Runtime, 'clock' | 'network'>;
  readonly logger: Logger;
}

/** TLS towards an RTU: we show our certificate, and the RTU's must say what `rtu names` wants. */
export class RtuTls {
  private readonly material: GroupMaterial;

  constructor(private readonly options: RtuTlsOptions) {
    this.material = new GroupMaterial(options.settings, options.config);
  }

  /** Why no RTU can be connected to with TLS; undefined: it can be tried. */
  get trouble(): string | undefined {
    return this.material.trouble;
  }

  /**
   * @param raw the connection to `host`; closed unless the outcome is good
   * @param done called once, not before this has returned
   * @returns ends it, without a word to `done`
   */
  secure(
    raw: TcpSocket,
    { host }: Endpoint,
    peer: string,
    done: (outcome: SecurePeer | HandshakeFailure) => void,
  ): () => void {
    const { runtime, settings, logger, config } = this.options;
    const { clock, network } = runtime;
    let material: TlsMaterial;
    try {
      material = this.material.get();
    } catch (error) {
      const reason = (error as Error).message;
      raw.destroy();
      clock.endOfTurn(() => done({ code: 'unusable', reason }));
      return () => undefined;
    }
    const serverName = ADDRESS.test(host) ? undefined : host;
    const handshake = { network, clock, limitMs: Infinity, context: material.context, serverName } as const;
    return shakeHands(raw, { ...handshake, side: 'client', onKeyLog: settings?.onKeyLog }, (outcome) => {
      if (!outcome.ok) {
        done(outcome);
        return;
      }
      const terms = {
        material: () => this.material.get(),
        names: () => config().rtuNames,
        role: 'server',
        ...{ logger, clock, peer },
      } as const;
      done(SecurePeer.judge(outcome.socket, terms));
    });
  }
}
