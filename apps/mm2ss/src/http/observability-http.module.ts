import type { IncomingMessage, ServerResponse } from 'node:http';
import { Module, type DynamicModule, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { HealthController, IndexController, MetricsController, StatusController } from './controllers.js';
import { FEED_READERS, type FeedReaders } from './feed-readers.js';
import { FeedController } from './feed.controller.js';
import { HTTP_SOURCES, type HttpSources } from './http-sources.js';
import { JsonErrorFilter } from './json-error.filter.js';

/** `/metrics`, `/healthz`, `/readyz`, `/status` and an index of them at `/`; read-only. */
@Module({})
export class ObservabilityHttpModule implements NestModule {
  static forRoot(sources: HttpSources, readers: FeedReaders): DynamicModule {
    return {
      module: ObservabilityHttpModule,
      controllers: [IndexController, MetricsController, HealthController, StatusController, FeedController],
      providers: [
        { provide: HTTP_SOURCES, useValue: sources },
        { provide: FEED_READERS, useValue: readers },
        { provide: APP_FILTER, useClass: JsonErrorFilter },
      ],
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
