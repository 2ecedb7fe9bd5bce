import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether what is to be changed was asked for by our own page, or by no page at all (curl). Browsers say it themselves; who says
 * nothing sends JSON, which another site's page cannot without being asked for permission.
 */
export function isSameOrigin({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (origin === undefined) return true;
  const given = URL.parse(origin);
  return given !== null && host !== undefined && given.host === host.toLowerCase();
}
