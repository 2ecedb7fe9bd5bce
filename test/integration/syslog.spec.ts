/** Security events at a syslog receiver: real sockets, real certificates, framing and messages read by the letter of the RFCs. */
import { createSocket } from 'node:dgram';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { parseSyslogMessage, SyslogFrames, type SyslogMessage } from '@iec104mm2ss/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { Authority, type Certificate } from '../certificates.js';
import { freePort, GATEWAY_HOST, hostOf, Multiplexer, startRtu, until } from './harness.js';

const HOST = '127.0.0.1';

/** A receiver on a stream that believes nothing that is not by the RFCs. */
class Receiver {
  readonly messages: SyslogMessage[] = [];
  readonly errors: string[] = [];
  readonly clients: (string | undefined)[] = [];
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;

  constructor(
    readonly port: number,
    private readonly tls?: { readonly own: Certificate; readonly clients?: string },
  ) {
    onTestFinished(() => this.stop());
  }

  async start(): Promise<this> {
    const { tls } = this;
    const server =
      tls === undefined
        ? createServer((socket) => this.accept(socket))
        : createTlsServer(
            {
              cert: readFileSync(tls.own.cert),
              key: readFileSync(tls.own.key),
              ...(tls.clients === undefined ? {} : { ca: readFileSync(tls.clients), requestCert: true }),
            },
            (socket: TLSSocket) => {
              this.clients.push(socket.getPeerCertificate().subject?.CN as string | undefined);
              this.accept(socket);
            },
          );
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, HOST, resolve));
    return this;
  }

  /** Closes everything; may be started again. */
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => (this.server?.listening ? this.server.close(resolve) : resolve(undefined)));
  }

  get numbers(): number[] {
    return this.messages.map(({ data }) => Number(data['meta']?.['sequenceId']));
  }

  has(id: string): boolean {
    return this.messages.some(({ messageId }) => messageId === id);
  }

  private accept(socket: Socket): void {
    const frames = new SyslogFrames();
    this.sockets.add(socket);
    socket.on('data', (chunk: Buffer) => {
      try {
        this.messages.push(...frames.feed(chunk).map(parseSyslogMessage));
      } catch (error) {
        this.errors.push((error as Error).message);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
  }
}

async function multiplexer(url: string, files = {}): Promise<Multiplexer> {
  const rtu = await startRtu();
  const [scheme = '', port = ''] = url.split(`://${HOST}:`);
  const target = { scheme: scheme as 'tls' | 'tcp' | 'udp', host: HOST, port: Number(port) };
  // Nobody may come in.
  const mux = await Multiplexer.start([{ hosts: hostOf(rtu), filter: '127.0.0.200' }], { syslog: { target, files } });
  await mux.listening('1');
  return mux;
}

/** A connection that is refused. */
async function stranger(mux: Multiplexer): Promise<void> {
  const socket = connect({ host: GATEWAY_HOST, port: mux.port, localAddress: '127.0.0.66' });
  await new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

describe.skipIf(!requireTool('openssl'))('over TLS', () => {
  it('a receiver with a certificate of the right authority gets every event of the process, in order', async () => {
    const authority = new Authority();
    const own = authority.issue('siem', `IP:${HOST}`);
    const receiver = await new Receiver(await freePort(), { own, clients: authority.cert }).start();
    const { cert, key } = authority.issue('gate-1', 'DNS:gate-1');
    const mux = await multiplexer(`tls://${HOST}:${receiver.port}`, { ca: authority.cert, cert, key });
    await stranger(mux);
    await until('the refusal', () => receiver.has('MM2SS:1.3'));
    await mux.stop();
    const written = mux.lines.flatMap(({ event_id }) => (event_id === undefined ? [] : [event_id]));
    await until('the last event', () => receiver.messages.length === written.length);
    expect(receiver.errors).toEqual([]);
    expect(receiver.clients).toEqual(['gate-1']);
    expect(receiver.numbers).toEqual(upTo(receiver.numbers.length));
    const refusal = receiver.messages.find(({ messageId }) => messageId === 'MM2SS:1.3');
    const line = mux.findLine({ event_id: 'MM2SS:1.3' });
    expect(refusal).toMatchObject({ facility: 10, severity: 4, appName: 'mm2ss', text: line?.msg });
    expect(refusal?.timestamp).toBe(line?.['time']);
    expect(refusal?.data['mm2ss@32473']).toMatchObject({
      event: 'session_refused_filter',
      group: '1',
      peer: line?.peer,
      reason: 'filter',
      instance: line?.['instance'],
    });
    // What the log has is what the receiver has.
    expect(receiver.messages.map(({ messageId }) => messageId)).toEqual(written);
  });

  it('a receiver that goes away gets what happened meanwhile when it is back; masters notice nothing', async () => {
    const authority = new Authority();
    const receiver = await new Receiver(await freePort(), { own: authority.issue('siem', `IP:${HOST}`) }).start();
    const mux = await multiplexer(`tls://${HOST}:${receiver.port}`, { ca: authority.cert });
    await until('the start', () => receiver.has('MM2SS:6.1'));
    await receiver.stop();
    await mux.logged({ event: 'syslog_lost' });
    await stranger(mux);
    await mux.logged({ event: 'session_refused_filter' });
    await receiver.start();
    await until('the refusal', () => receiver.has('MM2SS:1.3'));
    await until('the word of its return', () => receiver.has('MM2SS:6.10'));
    expect(receiver.errors).toEqual([]);
    expect(receiver.numbers).toEqual(upTo(receiver.numbers.length));
    expect(await mux.page('/metrics')).toMatch(/^mm2ss_syslog_dropped_total 0$/m);
  });

  it.each([
    ['of another authority', `IP:${HOST}`, true, /self.signed|unable to (get|verify)/],
    ['of another name', 'DNS:siem.example', false, /not in the cert|does not match/],
  ])('a receiver with a certificate %s gets nothing', async (_what, names, other, reason) => {
    const authority = new Authority();
    const issuer = other ? new Authority('Other CA') : authority;
    const receiver = await new Receiver(await freePort(), { own: issuer.issue('siem', names) }).start();
    // The variable that switches verification off is not obeyed.
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    onTestFinished(() => void delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
    const mux = await multiplexer(`tls://${HOST}:${receiver.port}`, { ca: authority.cert });
    const { reason: why } = await mux.logged({ event: 'syslog_lost' });
    expect(why).toMatch(reason);
    await stranger(mux);
    await mux.logged({ event: 'session_refused_filter' });
    expect(receiver.messages).toEqual([]);
  });
});

describe.skipIf(!requireTool('openssl') || !requireTool('rsyslogd'))('rsyslog', () => {
  it('with certificates of both sides has the events, with id, fields and text', async () => {
    const authority = new Authority();
    const { folder } = authority;
    const server = authority.issue('siem', `IP:${HOST}`);
    const own = authority.issue('gate-1', 'DNS:gate-1');
    const port = await freePort();
    const file = join(folder, 'events');
    writeFileSync(
      join(folder, 'rsyslog.conf'),
      `global(workDirectory="${folder}" defaultNetstreamDriverCAFile="${authority.cert}"
         defaultNetstreamDriverCertFile="${server.cert}" defaultNetstreamDriverKeyFile="${server.key}" maxMessageSize="64k")
       module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/name"
         permittedPeer=["gate-1"])
       input(type="imtcp" port="${port}" address="${HOST}")
       template(name="event" type="string" string="%msgid%|%syslogseverity-text%|%app-name%|%structured-data%|%msg%\\n")
       *.* action(type="omfile" file="${file}" template="event")\n`,
    );
    const rsyslogd = requireTool('rsyslogd') as string;
    const pid = join(folder, 'rsyslog.pid');
    const process = spawn(rsyslogd, ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', pid], { stdio: 'inherit' });
    const ended = new Promise((resolve) => process.once('exit', resolve));
    onTestFinished(async () => {
      process.kill();
      await ended;
    });
    const mux = await multiplexer(`tls://${HOST}:${port}`, { ca: authority.cert, ...own });
    await stranger(mux);
    const events = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    await until('the refusal', () => events().includes('MM2SS:1.3'), 15_000);
    const line = events()
      .split('\n')
      .find((text) => text.startsWith('MM2SS:1.3'));
    expect(line).toMatch(
      /^MM2SS:1\.3\|warning\|mm2ss\|\[meta sequenceId="\d+"\]\[origin .*\]\[mm2ss@32473 .*\]\| ?master refused: /,
    );
    expect(line).toMatch(/ group="1" .*peer="127\.0\.0\.66:\d+" .*reason="filter"/);
  });
});

it('over TCP the framing is the same', async () => {
  const receiver = await new Receiver(await freePort()).start();
  const mux = await multiplexer(`tcp://${HOST}:${receiver.port}`);
  await stranger(mux);
  await until('the refusal', () => receiver.has('MM2SS:1.3'));
  expect(receiver.errors).toEqual([]);
  expect(receiver.numbers).toEqual(upTo(receiver.numbers.length));
});

it('over UDP each event is a datagram', async () => {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  const messages: SyslogMessage[] = [];
  socket.on('message', (octets) => messages.push(parseSyslogMessage(octets)));
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  const mux = await multiplexer(`udp://${HOST}:${socket.address().port}`);
  await stranger(mux);
  await until('the refusal', () => messages.some(({ messageId }) => messageId === 'MM2SS:1.3'));
  expect(messages.map(({ data }) => Number(data['meta']?.['sequenceId']))).toEqual(upTo(messages.length));
});
