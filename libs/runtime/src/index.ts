export * from './clock.js';
export * from './network.js';
export * from './run-watch.js';
export * from './runtime.js';
export type { SecureOptions, SecureSocket } from './secure-socket.js';
export * from './timers.js';
