export * from './types.js';
export * from './open.js';
export * from './session/index.js';
