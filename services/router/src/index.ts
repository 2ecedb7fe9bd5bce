export { AUDIT_JOURNAL, AUDIT_LIMITS } from './audit-log.js';
export type { AuditRecord } from './audit.js';
export type { DecodedMessage, UndecodableAsdu } from './decoded-feed.js';
export { RouterModule } from './router.module.js';
export { type RouterOptions, RouterService } from './router.service.js';
