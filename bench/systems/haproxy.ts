import { writeFileSync } from 'node:fs';
import { awaitListener, freePorts, Program } from '../programs.ts';
import type { Site, System } from './system.ts';

/** The yardstick: haproxy as a plain TCP proxy, one thread, one backend connection for each master. */
export async function haproxy({ directory, rtuHost, rtuPorts, firstGroup }: Site): Promise<System> {
  const ports = await freePorts(rtuPorts.length);
  const listeners = ports.map(
    (port, i) => `listen group${i}\n  bind 127.0.0.1:${port}\n  server rtu ${rtuHost}:${rtuPorts[i]}\n`,
  );
  const file = `${directory}/haproxy.cfg`;
  writeFileSync(
    file,
    'global\n  maxconn 4000\n  nbthread 1\n' +
      'defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n' +
      listeners.join(''),
  );
  const program = new Program('haproxy', directory, ['haproxy', '-db', '-f', file]);
  await awaitListener('127.0.0.1', ports[0]!, program, 10_000);
  return {
    name: 'haproxy',
    firstGroup,
    groups: ports.length,
    shared: false,
    target: (group) => ({ host: '127.0.0.1', port: ports[group]! }),
    pids: [program.pid],
    stop: () => program.stop(),
  };
}
