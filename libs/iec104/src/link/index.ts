export * from './link.js';
export * from './durations.js';
