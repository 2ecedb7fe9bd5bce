/** The command that shows on a terminal what the page shows. */
import { session } from '../state/session.js';

export interface Watched {
  readonly group?: string | undefined;
  readonly type?: string | undefined;
  readonly ca?: string | undefined;
  readonly ioa?: string | undefined;
  /** Log lines, not what passes. */
  readonly log?: boolean;
}

/** Lists are as they are typed, with commas or spaces between; what is no number or name is left out. */
export function watchCommand({ group, type, ca, ioa, log }: Watched): string {
  const each = (flag: string, text: string | undefined, form: RegExp): string[] =>
    (text ?? '').split(/[\s,]+/).flatMap((word) => (form.test(word) ? [`--${flag} ${word}`] : []));
  // One common address is all that it takes.
  const parts = [
    ...(log === true ? ['--log'] : []),
    ...each('group', group, /^\d+$/),
    ...each('type', type, /^\w+$/),
    ...each('ca', ca, /^\d+$/).slice(0, 1),
    ...each('ioa', ioa, /^\d+$/),
  ];
  const where = session.value?.mode === 'nats' ? ['--nats "$MM2SS_NATS"'] : [];
  return ['mm2ss watch', ...where, ...parts].join(' ');
}
