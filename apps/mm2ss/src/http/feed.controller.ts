import type { IncomingMessage, ServerResponse } from 'node:http';
import { allGroups, type Bus, BUS, GroupSubjects } from '@iec104mm2ss/bus';
import { LOG_RING, type LogRing, NO_GROUP } from '@iec104mm2ss/observability';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { BadRequestException, Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { watchLines } from '../lines/line-watch.js';
import { FEED_READERS, type FeedReaders } from './feed-readers.js';

/** What a slow reader may leave unread before lines are left out for it. */
const MAX_UNREAD_OCTETS = 1 << 20;
/** A reader that has read nothing for so long while lines were left out for it is disconnected. */
const UNREAD_LIMIT_MS = 60_000;
/** A reader whose host is gone is found out by probes of TCP. */
const KEEP_ALIVE_MS = 30_000;
/** When to try again where all places are taken. */
const RETRY_AFTER_S = 10;

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
    if (group !== undefined) feedSubjects(group);
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
    response.setHeader('Content-Type', 'application/x-ndjson');
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const { socket } = request;
    if (!this.readers.enter(socket)) {
      response.writeHead(503, { 'Content-Type': 'application/json; charset=utf-8', 'Retry-After': RETRY_AFTER_S });
      response.end(JSON.stringify({ error: `${this.readers.max} readers already` }));
      return;
    }
    // It is silent as long as nothing passes.
    socket.setTimeout(0);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    response.flushHeaders();
    const end = begin(this.writer(response));
    response.on('close', () => {
      this.readers.leave();
      end();
    });
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
  try {
    const subjects = new GroupSubjects(group);
    return [subjects.decodedAll, subjects.audit];
  } catch (error) {
    throw new BadRequestException((error as Error).message);
  }
}
