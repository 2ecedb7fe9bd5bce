const API = '$JS.API';

/**
 * On a server with users JetStream is in an account where nobody is, and each user reaches what it may of it below this
 * prefix: `iec104.js.STREAM.INFO.<stream>`, `iec104.js.$KV.<bucket>.<key>`.
 */
export const STORE_PREFIX = 'iec104.js';

/** What the client of JetStream is told: below which subject its interface is. */
export const storeApi = (name: string | undefined): { readonly apiPrefix: string } => ({
  apiPrefix: name === undefined ? API : STORE_PREFIX,
});

/** What is behind a user's subject in the account of JetStream. */
export function storeSubject(local: string): string {
  const prefix = `${STORE_PREFIX}.`;
  if (!local.startsWith(prefix)) return local;
  const rest = local.slice(prefix.length);
  return rest.startsWith('$') ? rest : `${API}.${rest}`;
}
