import { makeCertificates } from '../certificates.ts';
import { freePorts, Program } from '../programs.ts';
import { writeGroupsFile } from './groups-file.ts';
import { startNatsServer, type NatsServer } from './nats-server.ts';
import type { Site, System } from './system.ts';

/** The multiplexer as one process. Its listeners open when the RTU links are up: masters repeat their attempts. */
export function single(command: string[], site: Site): Promise<System> {
  return run(command, site, undefined);
}

/** The same over NATS: all parts in one process, and a server that stores the events. */
export async function singleOnNats(command: string[], natsServer: string, syncs: boolean, site: Site): Promise<System> {
  return run(command, site, await startNatsServer(natsServer, syncs, site.directory));
}

/** The same with masters over TLS; the RTUs are without. */
export function singleOverTls(command: string[], site: Site): Promise<System> {
  return run(command, site, undefined, makeCertificates(site.directory));
}

async function run(
  command: string[],
  site: Site,
  server: NatsServer | undefined,
  certificates?: ReturnType<typeof makeCertificates>,
): Promise<System> {
  const groups = site.rtuPorts.length;
  const [httpPort, ...ports] = await freePorts(1 + groups);
  const tlsPorts = certificates === undefined ? [] : await freePorts(groups);
  const file = `${site.directory}/groups.csv`;
  writeGroupsFile(file, site, ports, tlsPorts);
  const arguments_ = ['run', '-i', file, '-n', '--http', `127.0.0.1:${httpPort}`];
  if (server !== undefined) arguments_.push('--nats', server.url);
  if (certificates !== undefined) arguments_.push('--tls-dir', certificates.tlsDir);
  const startedAtMs = performance.now();
  const program = new Program('mm2ss', site.directory, [...command, ...arguments_]);
  return {
    name: certificates === undefined ? 'mm2ss' : 'mm2ss, TLS',
    firstGroup: site.firstGroup,
    groups: ports.length,
    shared: true,
    target: (group) => {
      program.check();
      const port = (certificates === undefined ? ports : tlsPorts)[group]!;
      return { host: '127.0.0.1', port, ...(certificates && { tls: certificates.master }) };
    },
    ports,
    startedAtMs,
    pids: [program.pid, ...(server === undefined ? [] : [server.program.pid])],
    parts: { 'mm2ss run': [program.pid], ...(server === undefined ? {} : { 'nats-server': [server.program.pid] }) },
    async stop() {
      await program.stop();
      await server?.program.stop();
    },
  };
}
