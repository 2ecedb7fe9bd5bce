import type { IncomingMessage, ServerResponse } from 'node:http';
import { allGroups, GroupSubjects } from '@iec104mm2ss/bus';
import { BadRequestException, Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { HTTP_SOURCES, type HttpSources } from './http-sources.js';

/** What a slow reader may leave unread before lines are left out for it. */
const MAX_UNREAD_OCTETS = 1 << 20;

/** `/feed`: the decoded feed and the audit records as they pass, a JSON document a line, until the reader goes. */
@Controller('feed')
export class FeedController {
  constructor(@Inject(HTTP_SOURCES) private readonly sources: HttpSources) {}

  @Get()
  feed(
    @Query('group') group: string | undefined,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): void {
    const subjects = feedSubjects(group);
    response.setHeader('Content-Type', 'application/x-ndjson');
    response.flushHeaders();
    let leftOut = 0;
    const subscriptions = subjects.map((subject) =>
      this.sources.messages.subscribe(subject, ({ data }) => {
        if (data.length === 0) return;
        if (response.writableLength > MAX_UNREAD_OCTETS) {
          leftOut++;
          return;
        }
        if (leftOut > 0) response.write(`${JSON.stringify({ leftOut })}\n`);
        leftOut = 0;
        response.write(Buffer.concat([data, NEW_LINE]));
      }),
    );
    request.on('close', () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    });
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
