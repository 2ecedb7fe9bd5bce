import type { IncomingMessage, ServerResponse } from 'node:http';
import { allGroups, type Bus, BUS } from '@iec104mm2ss/bus';
import { LOG_RING, type LogRing, NO_GROUP } from '@iec104mm2ss/observability';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { watchLines } from '../lines/line-watch.js';
import { FEED_READERS, type FeedReaders } from './feed-readers.js';
import { subjectsOf } from './group-query.js';

/** What a slow reader may leave unread before lines are left out for it. */
const MAX_UNREAD_OCTETS = 1 << 20;
/** A reader that has read nothing for so long while lines were left out for it is disconnected. */
const UNREAD_LIMIT_MS = 60_000;

type Lines = (data: Uint8Array) => void;

/** What passes, a JSON document a line, until the reader goes: the decoded feed and the audit records, or log lines. */
@Controller('feed')
export class FeedController {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'clock' | 'instance'>,
    @Inject(FEED_READERS) private readonly readers: FeedReaders,
    @Inject(LOG_RING) private readonly ring: LogRing,
  ) {}

  @Get()
  feed(
    @Query('group') group: string | undefined,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): void {
    const subjects = feedSubjects(group);
    this.serve(request, response, (line) => {
      const subscriptions = subjects.map((subject) =>
        this.bus.subscribe(subject, ({ data }) => {
          if (data.length > 0) line(data);
        }),
      );
      return () => {
        for (const subscription of subscriptions) subscription.unsubscribe();
      };
    });
  }

  /** Log lines of a group, of all processes: those that are kept, then those that come. Without a group: those of none. */
  @Get('log')
  log(
    @Query('group') group: string | undefined,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): void {
    if (group !== undefined) subjectsOf(group);
    const { bus, ring } = this;
    const sources = { bus, ring, ...this.runtime };
    this.serve(request, response, (line) =>
      watchLines(sources, group ?? NO_GROUP, (lines) => {
        for (const each of lines) line(Buffer.from(JSON.stringify(each)));
      }),
    );
  }

  /** @param begin hands lines on; what it returns ends that */
  private serve(request: IncomingMessage, response: ServerResponse, begin: (line: Lines) => () => void): void {
    this.readers.serve(request, response, 'application/x-ndjson', () => begin(this.writer(response)));
  }

  /** Writes lines as far as they are read; says how many were left out. */
  private writer(response: ServerResponse): Lines {
    const { clock } = this.runtime;
    let leftOut = 0;
    let unreadSince = 0;
    return (data) => {
      if (response.writableLength > MAX_UNREAD_OCTETS) {
        if (leftOut === 0) unreadSince = clock.now();
        leftOut++;
        if (clock.now() - unreadSince > UNREAD_LIMIT_MS) response.destroy();
        return;
      }
      if (leftOut > 0) response.write(`${JSON.stringify({ leftOut })}\n`);
      leftOut = 0;
      response.write(Buffer.concat([data, NEW_LINE]));
    };
  }
}

const NEW_LINE = Buffer.from('\n');

/** Subjects of the decoded feed and the audit records of one group, or of all. */
export function feedSubjects(group: string | undefined): string[] {
  if (group === undefined) return [allGroups('decoded.>'), allGroups('audit')];
  const subjects = subjectsOf(group);
  return [subjects.decodedAll, subjects.audit];
}
