export * from './apci/index.js';
export * from './asdu/index.js';
export * from './errors.js';
export * from './link/index.js';
