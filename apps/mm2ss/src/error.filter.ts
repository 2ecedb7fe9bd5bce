import type { IncomingMessage, ServerResponse } from 'node:http';
import { peerText, plainAddress } from '@iec104mm2ss/config';
import { LOGGER, type Logger } from '@iec104mm2ss/observability';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';

/** Characters of a path that are logged. */
const MAX_PATH = 200;

/**
 * What handlers throw. Over HTTP: every error as `{"error": ...}`; what went wrong inside goes to the log, not to whoever
 * asked. Over the bus: to the transport as it is, which counts it; Nest's own filter would write each one to the log.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Pick<Logger, 'error'>) {}

  catch(exception: unknown, host: ArgumentsHost): Observable<never> | undefined {
    if (host.getType() === 'rpc') return throwError(() => exception);
    const request = host.switchToHttp().getRequest<IncomingMessage>();
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const status = exception instanceof HttpException ? exception.getStatus() : 500;
    if (status >= 500) {
      const { remoteAddress = '', remotePort = 0 } = request.socket;
      const about = { peer: peerText(plainAddress(remoteAddress), remotePort), path: request.url?.slice(0, MAX_PATH) };
      this.logger.error({ ...about, err: exception }, 'HTTP request failed');
    }
    if (response.headersSent) {
      response.destroy();
      return undefined;
    }
    response.statusCode = status;
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.end(JSON.stringify({ error: status === 404 ? 'not found' : reasonOf(exception, status) }));
    return undefined;
  }
}

function reasonOf(exception: unknown, status: number): string {
  return status < 500 && exception instanceof HttpException ? exception.message : 'internal error';
}
