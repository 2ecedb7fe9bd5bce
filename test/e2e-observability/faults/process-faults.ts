import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SntpServer } from '../../integration/sntp-server.ts';
import { anotherFile, dismiss, type Fault, guest, kill, NORTH } from './fault.ts';

/** The file of the scene, while a bad one is in its place. */
let file = '';
let time: SntpServer | undefined;
let askers: Socket[] = [];

/** Asks for a page again and again, so that so many requests always wait. */
function askAlways(http: string, page: string, waiting: number): Socket {
  const [host = '', port = ''] = http.split(':');
  const request = `GET ${page} HTTP/1.1\r\nHost: ${http}\r\n\r\n`;
  const socket = connect({ host, port: Number(port) }, () => socket.write(request.repeat(waiting)));
  socket.on('data', (octets: Buffer) => {
    const answers = octets.toString('latin1').split('HTTP/1.1 ').length - 1;
    if (answers > 0) socket.write(request.repeat(answers));
  });
  socket.on('error', () => undefined);
  return socket;
}

/** About processes, their file, time and certificates. */
export const PROCESS_FAULTS: readonly Fault[] = [
  {
    title: 'all routers are killed',
    alerts: [{ alertname: 'NoOwner', ...NORTH, role: 'router' }],
    cause: ({ system }) => kill(system.routers),
  },
  {
    title: 'a gateway does not run for a while, again and again',
    alerts: [{ alertname: 'EventLoopLag', instance: 'gateway1', cause: 'late' }],
    cause: async ({ system }) => {
      const [gateway] = system.gateways;
      for (let i = 0; i < 12; i++) {
        gateway?.kill('SIGSTOP');
        await delay(900);
        gateway?.kill('SIGCONT');
        await delay(300);
      }
    },
  },
  {
    title: 'a gateway is asked for its status all the time',
    alerts: [{ alertname: 'EventLoopLag', instance: 'gateway1', cause: 'busy' }],
    cause: async ({ system }) => {
      askers = system.gateways.slice(0, 1).flatMap(({ http }) => [1, 2].map(() => askAlways(http, '/metrics', 20)));
    },
    mend: async () => askers.forEach((socket) => socket.destroy()),
  },
  {
    title: 'a file is put in place that cannot be taken',
    alerts: [{ alertname: 'ConfigurationMismatch', cause: 'refused', instance: 'gateway1' }],
    cause: async ({ system }) => {
      file = await readFile(system.file, 'utf8');
      await system.rewrite('id,sys name,port no\nnothing of use\n');
    },
    mend: ({ system }) => system.rewrite(file),
  },
  {
    title: 'a process with another file is one of the system',
    alerts: [{ alertname: 'ConfigurationMismatch', cause: 'differ' }],
    cause: async (scene) => guest(scene, ['-i', await anotherFile(scene)]),
    mend: dismiss,
  },
  {
    title: 'a process without NATS serves the same file',
    alerts: [
      { alertname: 'TwoRtuLinks', ...NORTH },
      { alertname: 'TwoOwners', ...NORTH, role: 'router' },
      { alertname: 'TwoOwners', ...NORTH, role: 'connector' },
    ],
    cause: (scene) => guest(scene, ['-i', scene.system.file, '--listen', '127.0.0.5']),
    mend: dismiss,
  },
  {
    title: 'the clock of a process is two seconds behind',
    alerts: [{ alertname: 'ClockOffset', cause: 'offset', instance: 'run' }],
    cause: async (scene) => {
      time = await SntpServer.start(scene.afterwards);
      time.aheadSeconds = 2;
      await guest(scene, ['-i', await anotherFile(scene), '-s', time.address, '-t', '1']);
    },
    // The clock is right again. The process stays for the next one.
    mend: async () => {
      if (time !== undefined) time.aheadSeconds = 0;
    },
  },
  {
    title: 'no NTP server answers any more',
    alerts: [{ alertname: 'ClockOffset', cause: 'unsynchronised', instance: 'run' }],
    cause: async () => {
      if (time !== undefined) time.answers = false;
    },
    mend: async () => {
      if (time !== undefined) time.answers = true;
    },
    tidy: async (scene) => {
      await dismiss(scene);
      await scene.targets();
    },
  },
  {
    title: 'a certificate ends in 20 days',
    alerts: [{ alertname: 'CertificateExpiring', cause: 'month', group: 'all', file: 'tls.crt' }],
    cause: async ({ certificates }) => certificates.use({ days: 20 }),
    mend: async ({ certificates }) => certificates.use({ days: 90 }),
  },
  {
    title: 'a certificate ends in 3 days',
    alerts: [{ alertname: 'CertificateExpiring', cause: 'week', group: 'all', file: 'tls.crt' }],
    cause: async ({ certificates }) => certificates.use({ days: 3 }),
    mend: async ({ certificates }) => certificates.use({ days: 90 }),
  },
  {
    title: 'certificates are put in place that cannot be used',
    alerts: [{ alertname: 'SecurityEvents', cause: 'grave', event: 'tls_files_refused' }],
    cause: async ({ certificates }) => certificates.spoil(),
    mend: async ({ certificates }) => certificates.use({ days: 90 }),
  },
  {
    title: 'Prometheus is told of no process any more',
    alerts: [{ alertname: 'MetricsMissing', cause: 'all' }],
    cause: ({ prometheus }) => prometheus.setTargets([]),
  },
  {
    title: 'Prometheus is not told of a connector',
    alerts: [{ alertname: 'MetricsMissing', ...NORTH, cause: 'connector' }],
    cause: ({ prometheus, system }) =>
      prometheus.setTargets([...system.parts.values()].filter(({ name }) => name !== 'connector1.1')),
  },
  {
    title: 'Prometheus is told of gateways alone',
    alerts: [{ alertname: 'MetricsMissing', ...NORTH, cause: 'router' }],
    cause: ({ prometheus, system }) => prometheus.setTargets(system.gateways),
  },
  {
    title: 'Prometheus is not told of the gateways',
    alerts: [{ alertname: 'MetricsMissing', cause: 'gateway' }],
    cause: ({ prometheus, system }) =>
      prometheus.setTargets([...system.parts.values()].filter((part) => !system.gateways.includes(part))),
  },
  {
    title: 'Prometheus is not told of one of two gateways',
    alerts: [{ alertname: 'MetricsMissing', ...NORTH, cause: 'sessions' }],
    cause: ({ prometheus, system }) =>
      prometheus.setTargets([...system.parts.values()].filter((part) => part !== system.gateways[0])),
  },
];
