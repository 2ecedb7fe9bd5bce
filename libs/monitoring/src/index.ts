export * from './files.js';
export * from './rules/index.js';
export * from './rules/recordings.js';
export * from './rules/rule-files.js';
export * from './rules/rule.js';
