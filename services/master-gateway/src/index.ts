export { GatewayModule, type GatewaySettings } from './gateway.module.js';
export { type GatewayOptions, GatewayService } from './gateway.service.js';
