import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Bus, BUS } from '@iec104mm2ss/bus';
import { peerText, plainAddress } from '@iec104mm2ss/config';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { BadRequestException, Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { CaptureSources } from '../capture/capture-sources.js';
import { CaptureStream } from '../capture/capture-stream.js';
import { FEED_READERS, type FeedReaders } from './feed-readers.js';
import { subjectsOf } from './group-query.js';

/** What a slow reader may leave unread before frames are left out for it. */
const MAX_UNREAD_OCTETS = 4 << 20;

/** `/capture`: what the RTU of a group and its masters say, as a pcapng file that goes on until the reader goes. */
@Controller('capture')
export class CaptureController {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'clock' | 'instance'>,
    @Inject(CaptureSources) private readonly sources: CaptureSources,
    @Inject(FEED_READERS) private readonly readers: FeedReaders,
  ) {}

  @Get()
  capture(
    @Query('group') group: string | undefined,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): void {
    const { bus, runtime, sources } = this;
    if (group === undefined) throw new BadRequestException('?group=ID says which one');
    subjectsOf(group);
    if (bus.kind === 'memory' && !sources.serves(group)) {
      response.writeHead(404, { 'Content-Type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify({ error: `group ${group} is not served here` }));
      return;
    }
    this.readers.serve(request, response, 'application/x-pcapng', () => {
      const { remoteAddress = '', remotePort = 0 } = request.socket;
      const stream = new CaptureStream(
        {
          ...{ bus, clock: runtime.clock, group, own: sources },
          by: runtime.instance,
          capture: `HTTP ${peerText(plainAddress(remoteAddress), remotePort)} ${randomUUID()}`,
        },
        {
          write: (block) => response.write(block),
          full: () => response.writableLength > MAX_UNREAD_OCTETS,
        },
        // It is the only one that could have been captured here.
        () => bus.kind === 'memory' && response.end(),
      );
      return () => stream.end();
    });
  }
}
