import type { GroupDetail, History, LogAnswer, Overview, Session, SystemAnswer } from '@iec104mm2ss/console-api';
import { CHANGES, NO_GROUP, type Status } from '@iec104mm2ss/observability';
import { ApiError } from '../../api/api-error.js';
import { decode, formatDecoded } from '../../commands/decode.js';
import { PRODUCT } from '../../core/process-info.js';
import { keptLines, type LineSources } from '../../lines/line-watch.js';
import type { RowDesk } from '../edit/row-desk.js';
import type { OverviewFeed } from '../overview/overview-feed.js';
import type { Access } from '../access/index.js';
import { type ConsoleRequest, type ConsoleRoute, TextAnswer } from './console-request.js';
import { shownNtp } from './shown-ntp.js';

const MAX_HEX = 4_096;
const HEX = /^\s*([0-9a-f]{2}[\s:-]*)+$/i;

export interface LookParts {
  readonly feed: OverviewFeed;
  readonly lines: LineSources;
  readonly rows: RowDesk;
  readonly access: Pick<Access, 'mode'>;
  readonly release: string;
  readonly mode: Session['mode'];
  readonly simulator: Session['simulator'];
  readonly streams: () => number;
}

/** What can be looked at. */
export function lookRoutes({
  feed,
  lines,
  rows,
  access,
  release,
  mode,
  simulator,
  streams,
}: LookParts): ConsoleRoute[] {
  const look = (path: string, summary: string, handle: ConsoleRoute['handle'], query?: string[]): ConsoleRoute => ({
    method: 'GET',
    path: `/api/v1${path}`,
    summary,
    role: 'viewer',
    ...(query === undefined ? {} : { query }),
    handle,
  });
  const detailOf = async (id: string): Promise<GroupDetail> => {
    await feed.current();
    const detail = feed.detail(id);
    if (detail.status === null) throw new ApiError(404, `no process knows a group ${id}`);
    return detail;
  };
  const silent = async (): Promise<readonly string[]> => (await feed.current()).summary.silentProcesses;
  const logOf = async (group: string): Promise<LogAnswer> => ({
    lines: await keptLines(lines, group),
    silent: await silent(),
  });
  const session = async ({ caller }: ConsoleRequest): Promise<Session> => {
    const whyNoSave = (await rows.whyNoSave()) ?? null;
    return {
      product: PRODUCT,
      release,
      instance: lines.instance,
      mode,
      auth: access.mode,
      user: caller.user,
      role: caller.role,
      needs: {
        order: 'operator',
        apply: mode === 'process' ? 'operator' : null,
        save: whyNoSave === null ? 'engineer' : null,
      },
      whyNoSave,
      simulator,
      now: new Date(lines.clock.wallMs()).toISOString(),
    };
  };
  return [
    look('/session', 'Who asks, what he may do, and what serves the console', session),
    look('/groups', 'All groups, a row each', (): Promise<Overview> => feed.current()),
    look('/groups/{id}', 'The whole of one group', ({ parameters: { id = '' } }) => detailOf(id)),
    look(
      '/groups/{id}/history',
      'Rates, queue and masters of up to 15 minutes',
      async ({ parameters: { id = '' } }): Promise<History> => {
        await detailOf(id);
        return feed.history.of(id);
      },
    ),
    look(
      '/groups/{id}/logs',
      'The log lines of a group that the processes keep; text=1: as a file',
      async ({ parameters: { id = '' }, query }) => {
        const answer = await logOf(id);
        // Of one that was taken out there may be lines still.
        if (answer.lines.length === 0) await detailOf(id);
        return query['text'] === '1' ? asFile(answer, /^\d+$/.test(id) ? `group-${id}.log` : 'group.log') : answer;
      },
      ['text'],
    ),
    look(
      '/logs',
      'The log lines that belong to no group; text=1: as a file',
      async ({ query }) => {
        const answer = await logOf(NO_GROUP);
        return query['text'] === '1' ? asFile(answer, 'mm2ss.log') : answer;
      },
      ['text'],
    ),
    look('/changes', 'Who changed what', async () => ({
      changes: await keptLines(lines, CHANGES),
      silent: await silent(),
    })),
    look('/system', 'Processes, owners, bus, time', async () => systemAnswer(await feed.currentStatus(), streams())),
    look(
      '/decode',
      'What octets mean: an ASDU, or APDUs',
      ({ query }) => {
        const { hex = '' } = query;
        if (hex.length > MAX_HEX) throw new ApiError(400, `hex: ${MAX_HEX} characters at most`);
        if (!HEX.test(hex)) throw new ApiError(400, 'hex: octets, two hexadecimal digits each');
        return {
          lines: formatDecoded(decode(hex, !isApdu(hex)))
            .trimEnd()
            .split('\n'),
        };
      },
      ['hex'],
    ),
  ];
}

/** An ASDU of type 104 begins with 68, too; its second octet is no length. */
function isApdu(hex: string): boolean {
  const [start = '', length = '', ...others] = hex.replaceAll(/[^0-9a-f]/gi, '').match(/../g) ?? [];
  return start === '68' && Number.parseInt(length, 16) <= others.length;
}

function asFile({ lines }: LogAnswer, name: string): TextAnswer {
  const text = lines.map(({ at, level, message, group, fields, instance }) =>
    JSON.stringify({ level, time: at, ...(group === null ? {} : { group }), ...fields, instance, msg: message }),
  );
  return new TextAnswer('application/x-ndjson', `${text.join('\n')}\n`, name);
}

function systemAnswer({ bus, clock, processes }: Status, streams: number): SystemAnswer {
  const releases = new Set(processes.filter(({ silent }) => !silent).map(({ release }) => release));
  return {
    bus,
    now: clock.now,
    ntp: shownNtp(clock.ntp),
    processes: processes.map(({ ntp, ...process }) => ({ ...process, ntp: ntp === null ? null : shownNtp(ntp) })),
    releasesDiffer: releases.size > 1,
    owners: processes.flatMap(({ instance, serves }) =>
      Object.entries(serves).map(([part, groups]) => ({ instance, part, groups })),
    ),
    streams,
  };
}
