/** TLS, by Node's own means, for stations that speak without: in front of an RTU, and between a master and a gateway. */
import { type AddressInfo, connect as connectPlain, createServer, type Server, type Socket } from 'node:net';
import { connect, createServer as createTlsServer, type TLSSocket } from 'node:tls';

/** PEM. */
export interface OwnCertificate {
  readonly chain: string;
  readonly key: string;
}

export interface End {
  readonly port: number;
  /** The TLS connections there were. */
  readonly sockets: TLSSocket[];
  close(): void;
}

function join(a: Socket, b: Socket): void {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.on('error', () => undefined);
    one.on('close', () => other.destroy());
  }
  a.pipe(b).pipe(a);
}

async function listening(server: Server, host: string, sockets: TLSSocket[]): Promise<End> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port, sockets, close };
}

/** A TLS server at `host` that hands on to a station without; clients need a certificate of `authority`. */
export async function tlsFront(
  host: string,
  station: { readonly host: string; readonly port: number },
  own: OwnCertificate,
  authority: string,
): Promise<End> {
  const sockets: TLSSocket[] = [];
  const options = { cert: own.chain, key: own.key, ca: authority, requestCert: true, rejectUnauthorized: true };
  const server = createTlsServer(options, (socket) => {
    sockets.push(socket);
    join(socket, connectPlain({ host: station.host, port: station.port }).setNoDelay());
  });
  return listening(server, host, sockets);
}

/** A plain port on the loopback from which one gets to `gateway` over TLS, from an address of one's own. */
export async function tlsTunnel(
  gateway: { readonly host: string; readonly port: number },
  localAddress: string,
  own: OwnCertificate,
): Promise<End> {
  const sockets: TLSSocket[] = [];
  const server = createServer({ noDelay: true }, (plain) => {
    const socket = connectPlain({ ...gateway, localAddress }).setNoDelay();
    const secure = connect({ socket, cert: own.chain, key: own.key, rejectUnauthorized: false });
    sockets.push(secure);
    join(plain, secure);
  });
  return listening(server, '127.0.0.1', sockets);
}
