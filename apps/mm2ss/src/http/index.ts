export * from './http-address.js';
export { HTTP_SOURCES, PRODUCT, readStatus, type HttpSources } from './http-sources.js';
export { NestLogger } from './nest-logger.js';
export { ObservabilityHttpModule } from './observability-http.module.js';
export * from './observability-http-server.js';
