import type { IncomingMessage, ServerResponse } from 'node:http';
import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { peerText, plainAddress } from '@iec104mm2ss/config';
import { HTTP_SOURCES, type HttpSources } from './http-sources.js';

/** Characters of a path that are logged. */
const MAX_PATH = 200;

/** Every error as `{"error": ...}`. What went wrong inside goes to the log, not to whoever asked. */
@Catch()
export class JsonErrorFilter implements ExceptionFilter {
  constructor(@Inject(HTTP_SOURCES) private readonly sources: HttpSources) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<IncomingMessage>();
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const status = exception instanceof HttpException ? exception.getStatus() : 500;
    if (status >= 500) {
      const { remoteAddress = '', remotePort = 0 } = request.socket;
      const about = { peer: peerText(plainAddress(remoteAddress), remotePort), path: request.url?.slice(0, MAX_PATH) };
      this.sources.logger.error({ ...about, err: exception }, 'HTTP request failed');
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.statusCode = status;
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.end(JSON.stringify({ error: status === 404 ? 'not found' : reasonOf(exception, status) }));
  }
}

function reasonOf(exception: unknown, status: number): string {
  return status < 500 && exception instanceof HttpException ? exception.message : 'internal error';
}
