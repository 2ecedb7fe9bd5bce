import { z } from 'zod';
import { COLUMN_HELP, configurationFile } from '@iec104mm2ss/config';
import type { ColumnInfo, ConfigurationAnswer, RowChange } from '@iec104mm2ss/console-api';
import { type Logger, noPeer, securityEvent } from '@iec104mm2ss/observability';
import { ApiError } from '../../api/api-error.js';
import { isAtLeast } from '../console-settings.js';
import type { ConfigurationInForce, RowDesk } from '../edit/row-desk.js';
import type { OverviewFeed } from '../overview/overview-feed.js';
import type { ConsoleRequest, ConsoleRoute } from './console-request.js';

const MAX_CELL = 20_000;
const change = z.strictObject({
  digest: z.string().max(64),
  cells: z.record(
    z.string().max(64),
    z
      .string()
      .max(MAX_CELL)
      .transform((text) => text.trim()),
  ),
});

export interface FileParts {
  readonly rows: RowDesk;
  readonly configuration: ConfigurationInForce;
  readonly feed: OverviewFeed;
  readonly logger: Logger;
}

/** The configuration file, and the rows of it. */
export function fileRoutes({ rows, configuration, feed, logger }: FileParts): ConsoleRoute[] {
  const idOf = ({ parameters }: ConsoleRequest): string => parameters['id'] ?? '';
  return [
    {
      method: 'GET',
      path: '/api/v1/columns',
      summary: 'All columns of the file, what they mean, and what a change costs',
      role: 'viewer',
      handle: (): readonly ColumnInfo[] => COLUMN_HELP,
    },
    {
      method: 'GET',
      path: '/api/v1/configuration',
      summary: 'What is at fault in the file, and who works with it',
      role: 'viewer',
      handle: () => configurationAnswer(configuration, rows, feed),
    },
    {
      method: 'GET',
      path: '/api/v1/groups/{id}/row',
      summary: 'The row of a group, as the file has it',
      role: 'viewer',
      handle: (request) => rows.row(idOf(request)),
    },
    {
      method: 'POST',
      path: '/api/v1/groups/{id}/row/check',
      summary: 'Says what a change of the row would do; nothing happens',
      role: 'viewer',
      body: change,
      handle: (request) => rows.check(idOf(request), request.body as RowChange),
    },
    {
      method: 'PUT',
      path: '/api/v1/groups/{id}/row',
      summary: 'Changes the row: mode=apply until restart, mode=save in the file, which needs the role engineer',
      role: 'operator',
      query: ['mode'],
      body: change,
      handle: async (request) => {
        const { query, body, by, caller } = request;
        const { mode } = query;
        if (mode !== 'apply' && mode !== 'save') throw new ApiError(400, 'mode: apply or save');
        if (mode === 'save' && !isAtLeast(caller.role, 'engineer')) {
          throw new ApiError(403, `to save needs the role engineer, and you are ${caller.role}`);
        }
        const outcome = await rows.put(idOf(request), body as RowChange, mode);
        const columns = Object.keys((body as RowChange).cells).join(', ');
        const fields = noPeer({ group: idOf(request), by, mode, columns, reason: outcome.message });
        securityEvent(logger, 'configuration_edited', fields, `the row was changed at the console: ${columns}`);
        return outcome;
      },
    },
  ];
}

async function configurationAnswer(
  configuration: ConfigurationInForce,
  rows: RowDesk,
  feed: OverviewFeed,
): Promise<ConfigurationAnswer> {
  const { path: file } = configuration;
  const { processes } = await feed.currentStatus();
  const onDisk = await configuration.read().then(
    (octets) => configurationFile(file, octets),
    (error: unknown) => error as Error,
  );
  const edited = [...rows.edited()];
  const failed = onDisk instanceof Error;
  const digest = failed ? null : onDisk.digest;
  return {
    file,
    digest,
    encoding: failed ? '' : onDisk.configuration.form.encoding,
    delimiter: failed ? '' : onDisk.configuration.form.delimiter,
    groups: failed ? 0 : onDisk.configuration.groups.length,
    problems: failed
      ? [{ row: 1, column: 'row', reason: onDisk.message, severity: 'skipped' }]
      : onDisk.configuration.problems.map(({ row, field, reason, severity }) => ({
          row,
          column: field,
          reason,
          severity,
        })),
    ntpServers: failed ? [] : onDisk.configuration.settings.ntpServers,
    processes: processes.map(({ instance, parts, silent, configuration: own }) => ({
      instance,
      parts,
      silent,
      file: own?.file ?? null,
      digest: own?.digest ?? null,
      loadedAt: own?.loadedAt ?? null,
      refused: own?.refused ?? null,
      // With values "until restart" in force it is meant to.
      differs: own !== null && own.digest !== digest && edited.length === 0,
    })),
    edited,
  };
}
