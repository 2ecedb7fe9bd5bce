import { join } from 'node:path';
import { UnavailableError, UsageError } from '../commands/errors.js';
import { read } from '../nats-auth/key-files.js';
import { AUTHORIZATION_FILE } from '../nats-auth/write-authorization.js';

/** What the chart divides among its ConfigMaps of users: eight, nearly full. */
const MOST_OCTETS = 8 * 850_000;
/** A seed of an nkey, which is secret. */
const SEED = /\bSU[A-Z2-7]{56}\b/;
/** Who a user of the file is: the line of its block, or above it. */
const USER = /^ *(?:\{ )?# ([\w-]+): /gm;

/**
 * The users that `mm2ss nats-auth` has written into a folder: public keys and permissions, nothing secret.
 *
 * @param needed names of users without whom a pod could not say anything
 */
export async function natsUsers(folder: string, needed: readonly string[]): Promise<string> {
  const file = join(folder, AUTHORIZATION_FILE);
  const text = await read(file);
  if (text === undefined) throw new UsageError(`chart: --nats-auth ${folder}: there is no ${AUTHORIZATION_FILE}`);
  if (SEED.test(text))
    throw new UsageError(`chart: --nats-auth: ${file} holds a secret key; it is not put into a chart`);
  const known = new Set([...text.matchAll(USER)].map(([, name]) => name));
  const missing = needed.filter((name) => !known.has(name));
  if (missing.length === 0) return sized(text.replace(/^ +/gm, ''), file);
  const some = missing.length > 5 ? [...missing.slice(0, 5), '...'] : missing;
  throw new UsageError(
    `chart: --nats-auth: ${file} has no user ${some.join(', ')}: run mm2ss nats-auth with this configuration file first`,
  );
}

/** Without blanks that cost the space of groups. */
function sized(text: string, file: string): string {
  if (Buffer.byteLength(text) <= MOST_OCTETS) return text;
  throw new UnavailableError(
    `chart: --nats-auth: ${file}: more users than the chart has ConfigMaps for: divide the groups among several releases, each ` +
      'with its own file, or put several groups into a pod (--groups-per-pod here, connectors.groupsPerPod there)',
  );
}
