import { AUDIT_JOURNAL, type Bus } from '@iec104mm2ss/bus';
import type { LiveGroups } from '@iec104mm2ss/config';
import type { Logger, LogRing } from '@iec104mm2ss/observability';
import { AUDIT_LIMITS } from '@iec104mm2ss/router';
import type { Runtime } from '@iec104mm2ss/runtime';
import { ControlDesk } from '../control/control-desk.js';
import type { BoundHttp } from '../http/http-server.js';
import { RELEASE } from '../release.js';
import type { SystemStatus } from '../status/system-status.js';
import { openAccess } from './access/index.js';
import { isLoopback } from './access/loopback.js';
import type { ConsoleSettings } from './console-settings.js';
import { type ConfigurationInForce, RowDesk } from './edit/row-desk.js';
import { OverviewFeed } from './overview/overview-feed.js';
import { commandRoutes } from './server/command-routes.js';
import { listenConsole } from './server/console-server.js';
import { fileRoutes } from './server/file-routes.js';
import { lookRoutes } from './server/look-routes.js';
import { orderRoutes } from './server/order-routes.js';
import { pageFiles } from './server/page.js';
import { StaticFiles } from './server/static-files.js';
import { Streams } from './stream/stream-routes.js';

/** What the console needs of the process that it is part of. */
export interface ConsoleParts {
  readonly settings: ConsoleSettings;
  readonly bus: Bus;
  readonly runtime: Pick<Runtime, 'clock' | 'instance'>;
  readonly logger: Logger;
  readonly ring: LogRing;
  readonly groups: LiveGroups;
  readonly status: Pick<SystemStatus, 'ofSystem'>;
  readonly configuration: ConfigurationInForce;
  /** The configuration is a file, and read again when it changes. */
  readonly isFile: boolean;
}

export interface RunningConsole extends BoundHttp {
  close(): Promise<void>;
}

/** Serves the console. Rejects with HttpListenError, UsageError. */
export async function openConsole(parts: ConsoleParts): Promise<RunningConsole> {
  const { settings, bus, runtime, logger, ring, groups, status, configuration, isFile } = parts;
  const { clock, instance } = runtime;
  const isSource = bus.kind === 'memory';
  const rows = new RowDesk({
    ...{ configuration, isSource, isFile },
    status: async (id) => (await status.ofSystem()).groups.find((group) => group.id === id),
    now: () => new Date(clock.wallMs()),
  });
  const feed = new OverviewFeed({ status, groups, clock, alwaysRecords: isSource, edited: () => rows.edited() });
  const lines = { bus, ring, clock, instance };
  const desk = new ControlDesk(bus, async () => (await status.ofSystem()).groups);
  const access = openAccess(settings.access, clock, (reason) =>
    logger.error({ reason }, 'console: the users that were read last count on'),
  );
  const streams = new Streams({ feed, bus, lines, clock }, access);
  const { address, tlsDir } = settings;
  // Loaded only where it is wanted: it brings the simulator's schemas.
  const simulator =
    settings.simulator === undefined
      ? []
      : (await import('./server/simulator-routes.js')).simulatorRoutes(settings.simulator, logger);
  if (access.mode === 'basic' && tlsDir === undefined && !isLoopback(address.host ?? '')) {
    const reason = 'no --console-tls-dir: passwords are taken from a proxy that says X-Forwarded-Proto: https only';
    logger.warn({ reason }, 'console: passwords could be read on the way');
  }
  const server = await listenConsole({
    ...{ settings, access, logger, clock },
    files: new StaticFiles(pageFiles()),
    routes: [
      streams.route(),
      ...lookRoutes({
        ...{ feed, lines, rows, access, release: RELEASE },
        mode: isSource ? 'process' : 'nats',
        simulator: settings.simulator?.url.origin ?? null,
        streams: () => streams.size,
      }),
      ...orderRoutes(desk, feed),
      ...simulator,
      ...fileRoutes({ rows, configuration, feed, logger }),
      ...commandRoutes(
        () => bus.journal(AUDIT_JOURNAL, AUDIT_LIMITS),
        () => clock.wallMs(),
      ),
    ],
  });
  streams.exempt = (request) => server.exempt(request);
  feed.start();
  return {
    address: server.address,
    url: server.url,
    close: async () => {
      feed.stop();
      streams.close();
      await server.close();
    },
  };
}
