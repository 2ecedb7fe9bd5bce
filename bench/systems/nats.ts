import { freePorts, Program } from '../programs.ts';
import { writeGroupsFile } from './groups-file.ts';
import { startNatsServer } from './nats-server.ts';
import type { Site, System } from './system.ts';

const GATEWAY_HOSTS = ['127.0.0.11', '127.0.0.12'];

/** The multiplexer as processes of their own: nats-server, one connector per group, one router, two gateways. */
export async function nats(command: string[], natsServer: string, syncs: boolean, site: Site): Promise<System> {
  const groups = site.rtuPorts.length;
  const rest = await freePorts(groups + groups + 1 + GATEWAY_HOSTS.length);
  const ports = rest.splice(0, groups);
  const file = `${site.directory}/groups.csv`;
  const ids = writeGroupsFile(file, site, ports);

  const programs: Program[] = [];
  const stop = async (): Promise<void> => {
    // Last started, first ended: nobody has to wait for a server that is gone.
    for (const program of programs.reverse()) await program.stop();
  };
  const server = await startNatsServer(natsServer, syncs, site.directory);
  programs.push(server.program);
  const part = (name: string, ...line: string[]): void => {
    const common = ['-i', file, '--nats', server.url, '--http', `127.0.0.1:${rest.shift()}`];
    programs.push(new Program(name, site.directory, [...command, ...line, ...common]));
  };
  try {
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
