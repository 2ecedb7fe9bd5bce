import type { ServerResponse } from 'node:http';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import { checkHealth, type HealthReport, type Status } from '@iec104mm2ss/observability';
import { HTTP_SOURCES, PRODUCT, readStatus, type HttpSources } from './http-sources.js';

const PAGES = {
  '/metrics': 'Prometheus metrics',
  '/healthz': '200 while the process works, 503 when only a restart will help',
  '/readyz': '200 while every part takes work, 503 with the reasons otherwise',
  '/feed': 'the decoded feed and audit records as they pass (JSON lines; ?group=ID)',
  '/status': 'groups, RTU links, masters, queues and rates (JSON, version 1)',
};

@Controller()
export class IndexController {
  constructor(@Inject(HTTP_SOURCES) private readonly sources: HttpSources) {}

  @Get()
  index(): object {
    return { product: PRODUCT, release: this.sources.release, pages: PAGES };
  }
}

@Controller('metrics')
export class MetricsController {
  constructor(@Inject(HTTP_SOURCES) private readonly sources: HttpSources) {}

  @Get()
  async metrics(@Res({ passthrough: true }) response: ServerResponse): Promise<string> {
    const { registry } = this.sources;
    response.setHeader('Content-Type', registry.contentType);
    return registry.metrics();
  }
}

@Controller()
export class HealthController {
  constructor(@Inject(HTTP_SOURCES) private readonly sources: HttpSources) {}

  @Get('healthz')
  live(@Res({ passthrough: true }) response: ServerResponse): HealthReport {
    return answer(response, checkHealth(this.sources.health, 'live'));
  }

  @Get('readyz')
  ready(@Res({ passthrough: true }) response: ServerResponse): HealthReport {
    return answer(response, checkHealth(this.sources.health, 'ready'));
  }
}

function answer(response: ServerResponse, report: HealthReport): HealthReport {
  if (report.status !== 'ok') response.statusCode = 503;
  return report;
}

@Controller('status')
export class StatusController {
  constructor(@Inject(HTTP_SOURCES) private readonly sources: HttpSources) {}

  @Get()
  status(): Promise<Status> {
    return readStatus(this.sources);
  }
}
