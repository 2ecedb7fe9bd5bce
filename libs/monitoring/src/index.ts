export * from './files.js';
export * from './rules/index.js';
export * from './rules/recordings.js';
export * from './rules/rule-files.js';
export * from './rules/rule.js';
export { fleetBoard } from './boards/fleet.js';
export { groupBoard } from './boards/group.js';
export * from './boards/board-queries.js';
export * from './metric.js';
