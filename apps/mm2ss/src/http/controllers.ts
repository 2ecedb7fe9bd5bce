import type { ServerResponse } from 'node:http';
import { type HealthReport, REGISTRY, type Registry } from '@iec104mm2ss/observability';
import { BadRequestException, Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { PROCESS, type ProcessInfo, PRODUCT } from '../core/process-info.js';
import { MAX_WAIT_SECONDS, readWait } from '../status/ask-all.js';
import { Health } from '../status/health.js';
import { SystemStatus } from '../status/system-status.js';

const PAGES = {
  '/metrics': 'Prometheus metrics',
  '/healthz': '200 while the process works, 503 when only a restart will help',
  '/readyz': '200 while every part takes work, 503 with the reasons otherwise',
  '/feed': 'the decoded feed and audit records as they pass (JSON lines; ?group=ID)',
  '/capture': 'what the RTU and the masters of a group say, for Wireshark (pcapng; ?group=ID)',
  '/status':
    'groups, RTU links, masters, queues and rates, of all processes (JSON, version 1; ?scope=process: of this one alone)',
};

const CONTROL = {
  'POST /control/restart': 'close the link to the RTU and open it anew ({ "group" })',
  'POST /control/next-host': 'go on to the next host of the RTU ({ "group" })',
  'POST /control/disconnect': 'end the connection of one master ({ "group", "master" })',
};

@Controller()
export class IndexController {
  constructor(@Inject(PROCESS) private readonly process: ProcessInfo) {}

  @Get()
  index(): object {
    return { product: PRODUCT, release: this.process.release, pages: PAGES, control: CONTROL };
  }
}

@Controller('metrics')
export class MetricsController {
  constructor(@Inject(REGISTRY) private readonly registry: Registry) {}

  @Get()
  async metrics(@Res() response: ServerResponse): Promise<void> {
    const octets = await this.registry.encoded();
    response.setHeader('Content-Type', this.registry.contentType);
    response.setHeader('Content-Length', octets.length);
    response.end(octets);
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

const SCOPES = ['system', 'process'];

@Controller('status')
export class StatusController {
  constructor(@Inject(SystemStatus) private readonly status: SystemStatus) {}

  @Get()
  async read(
    @Query('scope') scope = 'system',
    @Query('wait') wait: string | undefined,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<string> {
    if (!SCOPES.includes(scope)) throw new BadRequestException(`scope: one of ${SCOPES.join(', ')}`);
    const waitMs = readWait(wait);
    if (waitMs === undefined) throw new BadRequestException(`wait: seconds, 1 to ${MAX_WAIT_SECONDS}`);
    const text =
      scope === 'system' ? await this.status.systemText(waitMs) : JSON.stringify(await this.status.ofProcess());
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    return text;
  }
}
