import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Bus, BUS, GroupSubjects } from '@iec104mm2ss/bus';
import { peerText, plainAddress } from '@iec104mm2ss/config';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { BadRequestException, Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { CaptureSources } from '../capture/capture-sources.js';
import { CaptureStream } from '../capture/capture-stream.js';
import { FEED_READERS, type FeedReaders } from './feed-readers.js';

/** What a slow reader may leave unread before frames are left out for it. */
const MAX_UNREAD_OCTETS = 4 << 20;
/** A reader whose host is gone is found out by probes of TCP. */
const KEEP_ALIVE_MS = 30_000;
/** When to try again where all places are taken. */
const RETRY_AFTER_S = 10;

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
    const id = groupOf(group);
    if (bus.kind === 'memory' && !sources.serves(id)) {
      refuse(response, 404, `group ${id} is not served here`);
      return;
    }
    response.setHeader('Content-Type', 'application/x-pcapng');
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const { socket } = request;
    if (!this.readers.enter(socket)) {
      response.setHeader('Retry-After', RETRY_AFTER_S);
      refuse(response, 503, `${this.readers.max} readers already`);
      return;
    }
    // It is silent as long as nothing passes.
    socket.setTimeout(0);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    response.flushHeaders();
    const peer = peerText(plainAddress(socket.remoteAddress ?? ''), socket.remotePort ?? 0);
    const stream = new CaptureStream(
      {
        ...{ bus, clock: runtime.clock, group: id, own: sources },
        by: runtime.instance,
        capture: `HTTP ${peer} ${randomUUID()}`,
      },
      {
        write: (block) => response.write(block),
        full: () => response.writableLength > MAX_UNREAD_OCTETS,
      },
      // It is the only one that could have been captured here.
      () => bus.kind === 'memory' && response.end(),
    );
    response.on('close', () => {
      this.readers.leave();
      stream.end();
    });
  }
}

function refuse(response: ServerResponse, status: number, error: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ error }));
}

function groupOf(group: string | undefined): string {
  if (group === undefined) throw new BadRequestException('?group=ID says which one');
  try {
    new GroupSubjects(group);
    return group;
  } catch (error) {
    throw new BadRequestException((error as Error).message);
  }
}
