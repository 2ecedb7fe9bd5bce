import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SyslogTarget } from '@iec104mm2ss/config';

/** TCP looks after so much silence whether the receiver is still there. */
const KEEP_ALIVE_MS = 30_000;

/** PEM files: the authority that signed the receiver's certificate, our own certificate and its key. */
export interface SyslogFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** One connection to a receiver. Once it is closed it is never used again. */
export interface SyslogWay {
  /** Calls `taken` when the system has taken all of them; never after `closed`. */
  send(messages: readonly Buffer[], taken: () => void): void;
  /** Lets out what was sent, and closes. */
  end(): void;
  destroy(reason: string): void;
}

export interface SyslogWayEvents {
  opened(): void;
  /** Once, also for one that was never open. */
  closed(reason: string): void;
}

/** Opens a connection; what goes wrong is told by `closed`, never thrown. */
export type OpenWay = (events: SyslogWayEvents) => SyslogWay;

/** Reads the files each time anew, so that a certificate may be replaced. */
export function wayTo(target: SyslogTarget, files: SyslogFiles): OpenWay {
  return target.scheme === 'udp' ? (events) => datagrams(target, events) : (events) => stream(target, files, events);
}

/** @throws when one of the files cannot be read */
export function readFiles({ ca, cert, key }: SyslogFiles): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  return {
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
  };
}

/** RFC 5425, clause 4.3, and RFC 6587, clause 3.4.1: the number of octets, a space, the message. */
function framed(message: Buffer): Buffer[] {
  return [Buffer.from(`${message.length} `), message];
}

function stream({ scheme, host, port }: SyslogTarget, files: SyslogFiles, events: SyslogWayEvents): SyslogWay {
  let socket: Socket;
  try {
    socket =
      scheme === 'tcp'
        ? connectTcp({ host, port })
        : connectTls({
            host,
            port,
            ...readFiles(files),
            minVersion: 'TLSv1.2',
            // Said here, so that no environment variable can switch it off.
            rejectUnauthorized: true,
            ...(isIP(host) === 0 ? { servername: host } : {}),
          });
  } catch (error) {
    return broken(error as Error, events);
  }
  let reason = 'closed by the receiver';
  socket.once(scheme === 'tcp' ? 'connect' : 'secureConnect', () => {
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    events.opened();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => (reason = error.message));
  socket.once('close', () => events.closed(reason));
  // A receiver has nothing to say; its end is seen only when we read.
  socket.resume();
  return {
    send(messages, taken) {
      socket.write(Buffer.concat(messages.flatMap(framed)), (error) => {
        if (!error) taken();
      });
    },
    end: () => void socket.end(),
    destroy(why) {
      reason = why;
      socket.destroy();
    },
  };
}

/** RFC 5426: one message a datagram. What is lost on the way nobody knows but the reader of the sequence numbers. */
function datagrams({ host, port }: SyslogTarget, events: SyslogWayEvents): SyslogWay {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
  let ended = false;
  const destroy = (reason: string): void => {
    if (ended) return;
    ended = true;
    socket.close();
    events.closed(reason);
  };
  socket.on('error', (error) => destroy(error.message));
  socket.once('connect', () => events.opened());
  socket.connect(port, host);
  return {
    send(messages, taken) {
      let left = messages.length;
      for (const message of messages) {
        socket.send(message, (error) => {
          if (error) destroy(error.message);
          else if (--left === 0 && !ended) taken();
        });
      }
    },
    end: () => destroy('ended'),
    destroy,
  };
}

function broken({ message }: Error, events: SyslogWayEvents): SyslogWay {
  let told = false;
  const tell = (): void => {
    if (!told) events.closed(message);
    told = true;
  };
  process.nextTick(tell);
  return { send: () => undefined, end: tell, destroy: tell };
}
