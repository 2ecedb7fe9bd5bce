import { mkdirSync, writeFileSync } from 'node:fs';
import { awaitListener, freePorts, Program } from '../programs.ts';
import { writeGroupsFile } from './groups-file.ts';
import type { Site, System } from './system.ts';

const GATEWAY_HOSTS = ['127.0.0.11', '127.0.0.12'];

/** The multiplexer as processes of their own: nats-server, one connector per group, one router, two gateways. */
export async function nats(command: string[], natsServer: string, syncs: boolean, site: Site): Promise<System> {
  const groups = site.rtuPorts.length;
  const [natsPort, ...rest] = await freePorts(1 + groups + groups + 1 + GATEWAY_HOSTS.length);
  const ports = rest.splice(0, groups);
  const file = `${site.directory}/groups.csv`;
  const ids = writeGroupsFile(file, site, ports);
  const store = `${site.directory}/jetstream`;
  mkdirSync(store);
  const settings = `${site.directory}/nats.conf`;
  writeFileSync(settings, `jetstream { store_dir: "${store}"${syncs ? ', sync_interval: always' : ''} }\n`);

  const programs: Program[] = [];
  const stop = async (): Promise<void> => {
    // Last started, first ended: nobody has to wait for a server that is gone.
    for (const program of programs.reverse()) await program.stop();
  };
  const start = (name: string, line: string[]): Program => {
    const program = new Program(name, site.directory, line);
    programs.push(program);
    return program;
  };
  const part = (name: string, ...line: string[]): Program => {
    const common = ['-i', file, '--nats', `nats://127.0.0.1:${natsPort}`, '--http', `127.0.0.1:${rest.shift()}`];
    return start(name, [...command, ...line, ...common]);
  };
  try {
    const server = start('nats-server', [natsServer, '-c', settings, '-a', '127.0.0.1', '-p', String(natsPort)]);
    await awaitListener('127.0.0.1', natsPort!, server, 10_000);
    part('router', 'router');
    GATEWAY_HOSTS.forEach((host, i) => part(`gateway-${i}`, 'gateway', '--listen', host));
    for (const id of ids) part(`connector-${id}`, 'connector', '--group', String(id));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name: 'mm2ss',
    firstGroup: site.firstGroup,
    groups,
    shared: true,
    target(group, master) {
      for (const program of programs) program.check();
      return { host: GATEWAY_HOSTS[master % GATEWAY_HOSTS.length]!, port: ports[group]! };
    },
    pids: programs.map(({ pid }) => pid),
    parts: partsOf(programs),
    stop,
  };
}

/** Pids by the kind of part: what a program's name begins with. */
function partsOf(programs: readonly Program[]): Record<string, number[]> {
  const parts: Record<string, number[]> = {};
  for (const { name, pid } of programs) (parts[name.replace(/-\d+$/, '')] ??= []).push(pid);
  return parts;
}
