import type { ServerResponse } from 'node:http';
import { allGroups, type Bus, GroupSubjects } from '@iec104mm2ss/bus';
import type { GroupDetail, LogLine } from '@iec104mm2ss/console-api';
import { CHANGES, NO_GROUP } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';
import { type LineSources, watchLines } from '../../lines/line-watch.js';
import type { OverviewFeed } from '../overview/overview-feed.js';
import { EventWriter } from './event-writer.js';
import type { Looks } from './looks.js';
import { watchTraffic } from './traffic-watch.js';

/** Lines handed on at a time; the page keeps a few thousand. */
const MAX_LINES = 1_000;

export interface StreamParts {
  readonly feed: OverviewFeed;
  readonly bus: Pick<Bus, 'subscribe' | 'listening'>;
  readonly lines: LineSources;
  readonly clock: Clock;
}

/** Serves one tab until it goes. */
export class Stream {
  private readonly ends: (() => void)[] = [];
  private readonly writer: EventWriter;
  /** The next delta would be about what this tab does not have: it gets all anew. */
  private isBehind = false;
  private readonly told = new Map<string, string>();

  constructor(
    private readonly parts: StreamParts,
    private readonly looks: Looks,
    response: ServerResponse,
  ) {
    this.writer = new EventWriter(response, parts.clock);
    response.on('close', () => this.end());
  }

  /** Begins, once the feed knows something. */
  begin(): void {
    const { feed } = this.parts;
    const { overview, last, refused } = this.looks;
    if (overview) for (const { id, name, data } of feed.since(last)) this.writer.write(name, data, id);
    this.tellGroups();
    this.ends.push(
      feed.listen({
        event: ({ id, name, data }) => {
          if (overview) this.tellOverview(name, data, id);
        },
        status: () => this.tellGroups(),
      }),
    );
    for (const group of this.looks.logs) this.ends.push(this.watchLog(group));
    if (this.looks.changes) this.ends.push(this.watchChanges());
    if (this.looks.traffic.length > 0) this.ends.push(this.watchTraffic());
    for (const subject of subjectsOf(this.looks.commands, 'audit')) this.watchCommands(subject);
    const looks = (live: boolean): void => void this.writer.write('looks', JSON.stringify({ live, refused }));
    looks(false);
    this.parts.bus.listening().then(
      () => looks(true),
      // The bus is closed, and this soon too.
      () => undefined,
    );
  }

  bye(reason: string): void {
    this.writer.bye(reason);
  }

  private end(): void {
    for (const end of this.ends.splice(0)) end();
  }

  private tellOverview(name: string, data: string, id: string): void {
    if (!this.isBehind) {
      this.isBehind = !this.writer.write(name, data, id);
      return;
    }
    const [all] = this.parts.feed.since(undefined);
    if (all !== undefined) this.isBehind = !this.writer.write(all.name, all.data, all.id);
  }

  private tellGroups(): void {
    for (const id of this.looks.groups) {
      const detail: GroupDetail = this.parts.feed.detail(id);
      const said = JSON.stringify(detail, withoutHeard);
      if (this.told.get(id) === said) continue;
      if (this.writer.write('group', JSON.stringify(detail))) this.told.set(id, said);
    }
  }

  private watchLog(group: string): () => void {
    let leftOut = 0;
    let begins = true;
    return watchLines(this.parts.lines, group, (lines, begin) => {
      begins ||= begin;
      const shown = lines.slice(-MAX_LINES);
      leftOut += lines.length - shown.length;
      const event = { group, begin: begins, lines: shown, leftOut };
      if (this.writer.write('log', JSON.stringify(event))) {
        leftOut = 0;
        begins = false;
      } else leftOut += shown.length;
    });
  }

  private watchChanges(): () => void {
    const write = this.counting('change');
    return watchLines(this.parts.lines, CHANGES, (changes: readonly LogLine[], begin) => {
      write(JSON.stringify({ begin, changes }), changes.length);
    });
  }

  /** Writes events, and says before the next one how much was left out. */
  private counting(of: 'command' | 'change'): (data: string, count: number) => void {
    let missed = 0;
    return (data, count) => {
      if (missed > 0 && this.writer.write('leftOut', JSON.stringify({ of, count: missed }))) missed = 0;
      if (!this.writer.write(of, data)) missed += count;
    };
  }

  private watchTraffic(): () => void {
    let missed = 0;
    const { bus, clock } = this.parts;
    const { traffic, filter } = this.looks;
    return watchTraffic(bus, clock, subjectsOf(traffic, 'decoded.>'), filter, (items, leftOut) => {
      missed += leftOut;
      const data = `{"items":[${items.join(',')}],"leftOut":${missed}}`;
      if (this.writer.write('traffic', data)) missed = 0;
      else missed += items.length;
    });
  }

  private watchCommands(subject: string): void {
    const write = this.counting('command');
    const subscription = this.parts.bus.subscribe(subject, ({ data }) => {
      if (data.length > 0) write(Buffer.from(data).toString('utf8'), 1);
    });
    this.ends.push(() => subscription.unsubscribe());
  }
}

/** For JSON.stringify: when somebody was heard last moves with every answer, and is no news by itself. */
const withoutHeard = (name: string, value: unknown): unknown => (name === 'lastHeardAt' ? undefined : value);

function subjectsOf(groups: readonly string[], kind: 'decoded.>' | 'audit'): string[] {
  if (groups.includes(NO_GROUP)) return [allGroups(kind)];
  return groups.map((id) => {
    const subjects = new GroupSubjects(id);
    return kind === 'audit' ? subjects.audit : subjects.decodedAll;
  });
}
