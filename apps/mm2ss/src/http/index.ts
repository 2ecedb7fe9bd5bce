export { BearerTokens, readTokens } from './bearer-tokens.js';
export { type HealthServer, listenHealth } from './health-server.js';
export * from './http-address.js';
export { ownNames } from './own-names.js';
export { NestLogger } from './nest-logger.js';
export { HTTP_FILES, SecureEntrance } from './secure-entrance.js';
export { HttpModule } from './http.module.js';
export * from './http-server.js';
