export * from './health.js';
export * from './log-fields.js';
export * from './logger.js';
export { groupLogFileName, type GroupLogOptions } from './group-logs.js';
export * from './merge-status.js';
export * from './numeric-metric.js';
export * from './rate-meter.js';
export * from './registry.js';
export * from './status.js';
