import type { ShownNtp } from '@iec104mm2ss/console-api';
import type { NtpStatus } from '@iec104mm2ss/observability';
import { NO_PRIVILEGE } from '../../ntp/index.js';

/** The clock agrees with the server. The alert for a clock that is off has the same bound. */
const AGREES_S = 0.5;

/** As the manual's window shows it; and, as the clock is set on demand only here, that it is known to be off and not set. */
export function shownNtp(ntp: NtpStatus): ShownNtp {
  return { ...ntp, shown: shownState(ntp) };
}

function shownState({ state, error, set, offsetSeconds }: NtpStatus): ShownNtp['shown'] {
  if (state === 'off') return 'off';
  if (state !== 'ok') return 'trying';
  if (error !== null) return error.startsWith(NO_PRIVILEGE) ? 'no privilege' : 'not set';
  return set || Math.abs(offsetSeconds ?? 0) <= AGREES_S ? 'synchronised' : 'not set';
}
