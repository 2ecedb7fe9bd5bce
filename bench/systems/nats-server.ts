import { mkdirSync, writeFileSync } from 'node:fs';
import { awaitListener, freePorts, Program } from '../programs.ts';

export interface NatsServer {
  readonly program: Program;
  readonly url: string;
}

/** A nats-server with JetStream and a store of its own, on loopback. `syncs`: it syncs to disk before it confirms. */
export async function startNatsServer(command: string, syncs: boolean, directory: string): Promise<NatsServer> {
  const [port] = await freePorts(1);
  const store = `${directory}/jetstream`;
  mkdirSync(store);
  const settings = `${directory}/nats.conf`;
  writeFileSync(settings, `jetstream { store_dir: "${store}"${syncs ? ', sync_interval: always' : ''} }\n`);
  const line = [command, '-c', settings, '-a', '127.0.0.1', '-p', String(port)];
  const program = new Program('nats-server', directory, line);
  await awaitListener('127.0.0.1', port!, program, 10_000);
  return { program, url: `nats://127.0.0.1:${port}` };
}
