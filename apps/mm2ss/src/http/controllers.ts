import type { ServerResponse } from 'node:http';
import { type HealthReport, REGISTRY, type Registry, type Status } from '@iec104mm2ss/observability';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import { PROCESS, type ProcessInfo, PRODUCT } from '../core/process-info.js';
import { Health } from '../status/health.js';
import { ProcessStatus } from '../status/process-status.js';

const PAGES = {
  '/metrics': 'Prometheus metrics',
  '/healthz': '200 while the process works, 503 when only a restart will help',
  '/readyz': '200 while every part takes work, 503 with the reasons otherwise',
  '/feed': 'the decoded feed and audit records as they pass (JSON lines; ?group=ID)',
  '/status': 'groups, RTU links, masters, queues and rates (JSON, version 1)',
};

@Controller()
export class IndexController {
  constructor(@Inject(PROCESS) private readonly process: ProcessInfo) {}

  @Get()
  index(): object {
    return { product: PRODUCT, release: this.process.release, pages: PAGES };
  }
}

@Controller('metrics')
export class MetricsController {
  constructor(@Inject(REGISTRY) private readonly registry: Registry) {}

  @Get()
  async metrics(@Res({ passthrough: true }) response: ServerResponse): Promise<string> {
    const { registry } = this;
    response.setHeader('Content-Type', registry.contentType);
    return registry.metrics();
  }
}

@Controller()
export class HealthController {
  constructor(@Inject(Health) private readonly health: Health) {}

  @Get('healthz')
  live(@Res({ passthrough: true }) response: ServerResponse): HealthReport {
    return answer(response, this.health.check('live'));
  }

  @Get('readyz')
  ready(@Res({ passthrough: true }) response: ServerResponse): HealthReport {
    return answer(response, this.health.check('ready'));
  }
}

function answer(response: ServerResponse, report: HealthReport): HealthReport {
  if (report.status !== 'ok') response.statusCode = 503;
  return report;
}

@Controller('status')
export class StatusController {
  constructor(@Inject(ProcessStatus) private readonly process: ProcessStatus) {}

  @Get()
  status(): Promise<Status> {
    return this.process.read();
  }
}
