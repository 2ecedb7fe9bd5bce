import type { Clock } from '@iec104mm2ss/runtime';
import type { AccessSettings } from '../console-settings.js';
import type { Access } from './access.js';
import { BasicAccess } from './basic-access.js';
import { NoAccess } from './no-access.js';
import { ProxyAccess } from './proxy-access.js';

/** @throws UsageError when a password file is at fault */
export function openAccess(
  settings: AccessSettings,
  clock: Pick<Clock, 'now'>,
  onTrouble: (reason: string) => void,
): Access {
  switch (settings.mode) {
    case 'none':
      return new NoAccess();
    case 'basic':
      return new BasicAccess(settings.file, settings.proxies, clock, onTrouble);
    case 'proxy':
      return new ProxyAccess(settings);
  }
}

export { type Access, type Caller, isRefusal, type Refusal } from './access.js';
