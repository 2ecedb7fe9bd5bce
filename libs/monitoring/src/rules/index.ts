import { COMMAND_ALERTS } from './command-alerts.js';
import { LOG_ALERTS } from './log-alerts.js';
import { MASTER_ALERTS } from './master-alerts.js';
import { METRICS_MISSING } from './missing-alerts.js';
import { RTU_ALERTS } from './rtu-alerts.js';
import type { Alert } from './rule.js';
import { SYSTEM_ALERTS } from './system-alerts.js';

export const ALERTS: readonly Alert[] = [
  ...RTU_ALERTS,
  ...MASTER_ALERTS,
  ...LOG_ALERTS,
  ...COMMAND_ALERTS,
  ...SYSTEM_ALERTS,
  METRICS_MISSING,
];
