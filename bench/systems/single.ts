import { freePorts, Program } from '../programs.ts';
import { writeGroupsFile } from './groups-file.ts';
import type { Site, System } from './system.ts';

/** The multiplexer as one process. Its listeners open when the RTU links are up: masters repeat their attempts. */
export async function single(command: string[], site: Site): Promise<System> {
  const [httpPort, ...ports] = await freePorts(1 + site.rtuPorts.length);
  const file = `${site.directory}/groups.csv`;
  writeGroupsFile(file, site, ports);
  const arguments_ = ['run', '-i', file, '-n', '--http', `127.0.0.1:${httpPort}`];
  const program = new Program('mm2ss', site.directory, [...command, ...arguments_]);
  return {
    name: 'mm2ss',
    firstGroup: site.firstGroup,
    groups: ports.length,
    shared: true,
    target: (group) => (program.check(), { host: '127.0.0.1', port: ports[group]! }),
    pids: [program.pid],
    stop: () => program.stop(),
  };
}
