import type { GroupConfig } from '@iec104mm2ss/config';
import { GatewayService } from '@iec104mm2ss/master-gateway';
import { RouterService } from '@iec104mm2ss/router';
import { ConnectorService } from '@iec104mm2ss/slave-connector';
import type { INestApplicationContext } from '@nestjs/common';
import type { Part } from '../core/parts.module.js';

/** Nothing comes any more from the RTU of a group that ends; its masters get what has come; then nobody decides any more. */
const ORDER = [
  ['connector', ConnectorService],
  ['gateway', GatewayService],
  ['router', RouterService],
] as const;

/** Has the parts of this process serve `groups`. Those that did not change notice nothing. */
export async function applyGroups(
  app: INestApplicationContext,
  parts: readonly Part[],
  groups: readonly GroupConfig[],
): Promise<void> {
  for (const [part, service] of ORDER) if (parts.includes(part)) await app.get(service).apply(groups);
}
