export { ConnectorModule } from './connector.module.js';
export { type ConnectorOptions, ConnectorService } from './connector.service.js';
