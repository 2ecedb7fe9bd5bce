import type { GroupStatus } from '@iec104mm2ss/observability/status';
import type { CommandRecord, LogLine, TrafficItem } from './records.js';
import type { Overview, OverviewDelta } from './overview.js';

/**
 * `GET /api/v1/stream`: one a tab, server-sent events. What the tab looks at is in the query; when it looks at something else it
 * opens the stream anew, with `last` = the id of the last event of the old one (EventSource sends no Last-Event-ID then), and gets
 * deltas where that can still be done, else `overview` again. A comment comes every 15 s.
 */
export interface StreamQuery {
  /** Ids, separated by commas, four at most: each comes as `group` when it changes. */
  readonly groups?: string;
  /** Ids, two at most: their log lines come as `log`, the last 500 first. `*` gives what belongs to no group, too. */
  readonly logs?: string;
  /** Ids, four at most, or `*`: decoded traffic comes as `traffic`. */
  readonly traffic?: string;
  /** What of the traffic: comma-separated lists; absent: all. */
  readonly type?: string;
  readonly ca?: string;
  readonly ioa?: string;
  readonly cause?: string;
  readonly direction?: 'monitor' | 'control';
  /** Id, or `*`: commands come as `command` when they end. */
  readonly commands?: string;
  /** `1`: who changed what comes as `change`, those that are kept first. */
  readonly changes?: '1';
  /** `0`: no `overview` and no `delta`. */
  readonly overview?: '0';
  readonly last?: string;
}

/** A parameter of the query that could not be taken, and why. The stream serves the others. */
export interface RefusedLook {
  readonly name: string;
  readonly reason: string;
}

/** The events by name; `data` is the JSON of these. */
export interface StreamEvents {
  /** Comes twice: what of the query is not served; and `live`, when nothing that passes from now on is missed. */
  readonly looks: { readonly live: boolean; readonly refused: readonly RefusedLook[] };
  readonly overview: Overview;
  readonly delta: OverviewDelta;
  readonly group: GroupDetail;
  readonly log: LogEvent;
  readonly traffic: TrafficEvent;
  readonly command: CommandRecord;
  readonly change: ChangeEvent;
  /** So many commands or changes were left out before, as this reader was too slow. */
  readonly leftOut: { readonly of: 'command' | 'change'; readonly count: number };
  /** It ends, and why: the page waits a while before it comes back. */
  readonly bye: { readonly reason: string };
}

/** `GET /api/v1/groups/{id}`, and the event `group`: the whole of one group. */
export interface GroupDetail {
  /** Null: no process knows the group any more. */
  readonly status: GroupStatus | null;
  readonly id: string;
  /** As in the overview. */
  readonly silent: readonly string[];
  readonly lastHeardAt: string | null;
  /** What closing its link means for its masters, in words: "closes 5 masters". Null: no process knows the group. */
  readonly closes: string | null;
}

/** Lines of a group, oldest first. */
export interface LogEvent {
  readonly group: string;
  /** True: what was kept; it replaces what the page has of the group. */
  readonly begin: boolean;
  readonly lines: readonly LogLine[];
  /** Lines that this reader was too slow for, or that came too fast. */
  readonly leftOut: number;
}

export interface TrafficEvent {
  readonly items: readonly TrafficItem[];
  readonly leftOut: number;
}

export interface ChangeEvent {
  readonly begin: boolean;
  readonly changes: readonly LogLine[];
}
