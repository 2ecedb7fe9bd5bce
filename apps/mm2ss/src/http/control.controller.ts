import type { IncomingMessage, ServerResponse } from 'node:http';
import { peerText, plainAddress } from '@iec104mm2ss/config';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import {
  BadRequestException,
  Controller,
  HttpException,
  Inject,
  PayloadTooLargeException,
  Post,
  Req,
  Res,
} from '@nestjs/common';
import { ControlDesk, type ControlOutcome, type LinkVerb } from '../control/control-desk.js';
import { certificateOf } from './secure-entrance.js';

const MAX_BODY_OCTETS = 4_096;
const MAX_TEXT = 200;

const STATUS: Readonly<Record<ControlOutcome['result'], number>> = {
  done: 200,
  refused: 409,
  nobody: 404,
  unavailable: 503,
};

/** What operators want to be done; the process that can do it is asked over the bus. */
@Controller('control')
export class ControlController {
  constructor(
    @Inject(ControlDesk) private readonly desk: ControlDesk,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'instance'>,
  ) {}

  /** `{ "group": "111" }` */
  @Post('restart')
  restart(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.order('restart', request, response);
  }

  /** `{ "group": "111" }` */
  @Post('next-host')
  nextHost(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.order('next-host', request, response);
  }

  /** `{ "group": "111", "master": "10.1.1.5" }`: session, address, address:port or name. */
  @Post('disconnect')
  async disconnect(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    const { group, master } = await readTexts(request, ['group', 'master']);
    answer(response, await this.desk.disconnect(group, master, this.whoAsks(request)));
  }

  /** `{ "group": "111", "mode": "on" }`, or `off`. */
  @Post('observe')
  async observe(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    const { group, mode } = await readTexts(request, ['group', 'mode']);
    if (mode !== 'on' && mode !== 'off') throw new BadRequestException('"mode" is on or off');
    answer(response, await this.desk.observe(group, mode === 'on', this.whoAsks(request)));
  }

  private async order(verb: LinkVerb, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { group } = await readTexts(request, ['group']);
    answer(response, await this.desk.order(verb, group, this.whoAsks(request)));
  }

  private whoAsks({ socket }: IncomingMessage): string {
    const peer = peerText(plainAddress(socket.remoteAddress ?? ''), socket.remotePort ?? 0);
    const certificate = certificateOf(socket);
    const who = certificate === undefined ? peer : `${certificate.slice(0, MAX_TEXT)} at ${peer}`;
    return `${who}, HTTP of ${this.runtime.instance}`;
  }
}

function answer(response: ServerResponse, { result, ...outcome }: ControlOutcome): void {
  response.statusCode = STATUS[result];
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(JSON.stringify({ ok: result === 'done', result, ...outcome }));
}

/** The body: a JSON object with these texts. */
async function readTexts<Name extends string>(request: IncomingMessage, names: Name[]): Promise<Record<Name, string>> {
  const chunks: Buffer[] = [];
  let octets = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      octets += chunk.length;
      if (octets > MAX_BODY_OCTETS) throw new PayloadTooLargeException('the request is too large');
      chunks.push(chunk);
    }
  } catch (error) {
    // Nobody is there any more who could be told.
    throw error instanceof HttpException ? error : new BadRequestException('the request ended in the middle');
  }
  const body = parse(Buffer.concat(chunks).toString('utf8'));
  return Object.fromEntries(
    names.map((name) => {
      const value = body[name];
      if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT) {
        throw new BadRequestException(`expected a JSON object with ${names.map((each) => `"${each}"`).join(', ')}`);
      }
      return [name, value];
    }),
  ) as Record<Name, string>;
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    throw new BadRequestException('the body is no JSON');
  }
}
