export * from './apci.js';
export * from './apdus.js';
export * from './framer.js';
