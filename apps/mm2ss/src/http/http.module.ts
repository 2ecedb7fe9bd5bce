import type { IncomingMessage, ServerResponse } from 'node:http';
import { type DynamicModule, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { HealthController, IndexController, MetricsController, StatusController } from './controllers.js';
import { FEED_READERS, type FeedReaders } from './feed-readers.js';
import { FeedController } from './feed.controller.js';

/** `/metrics`, `/healthz`, `/readyz`, `/status`, `/feed` and an index of them at `/`; read-only. */
@Module({})
export class HttpModule implements NestModule {
  static forRoot(readers: FeedReaders): DynamicModule {
    return {
      module: HttpModule,
      controllers: [IndexController, MetricsController, HealthController, StatusController, FeedController],
      providers: [{ provide: FEED_READERS, useValue: readers }],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(readOnly).forRoutes('{*path}');
  }
}

/** Refuses every method that could change something, and lets nobody keep or reinterpret an answer. */
function readOnly(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (request.method === 'GET' || request.method === 'HEAD') {
    next();
    return;
  }
  response.writeHead(405, { Allow: 'GET, HEAD', 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ error: 'only GET' }));
}
