export * from './types.js';
export * from './session/index.js';
