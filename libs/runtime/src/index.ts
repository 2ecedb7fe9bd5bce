export * from './clock.js';
export * from './network.js';
export * from './own-time.js';
export * from './run-watch.js';
export * from './runtime.js';
export * from './timers.js';
