export * from './beat.js';
export * from './clock.js';
export * from './network.js';
export * from './run-watch.js';
export * from './runtime.js';
export * from './timers.js';
export * from './token-bucket.js';
export * from './work-list.js';
