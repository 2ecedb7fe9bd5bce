import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { Durability } from '../bus.js';
import { natsUrl } from './nats-options.js';

const MONITORING_PORT = 8222;
const ANSWER_LIMIT_MS = 2_000;
/** `/varz` has some 3,000 octets, and a few for each account and route. */
const ANSWER_LIMIT_OCTETS = 1_000_000;

/** What the monitoring endpoint says of JetStream (`GET /varz`). */
interface Varz {
  readonly version?: string;
  readonly jetstream?: { readonly config?: { readonly sync_interval?: number; readonly sync_always?: boolean } };
}

/** Where each server says what it is: `monitorUrl` (several are separated by commas), else port 8222 of its host. */
export function monitorUrls(servers: readonly string[], monitorUrl: string | undefined): string[] {
  if (monitorUrl !== undefined) return monitorUrl.split(',').map((url) => url.trim());
  return [...new Set(servers.map((server) => `http://${natsUrl(server).hostname}:${MONITORING_PORT}`))];
}

/** Whether all servers sync to disk before they confirm. */
export async function askDurability(urls: readonly string[]): Promise<Durability> {
  const answers = await Promise.all(urls.map(askServer));
  return (
    answers.find(({ syncsAlways }) => syncsAlways === false) ??
    answers.find(({ syncsAlways }) => syncsAlways === 'unknown') ??
    answers[0] ?? { syncsAlways: 'unknown', reason: 'no monitoring endpoint is known' }
  );
}

async function askServer(url: string): Promise<Durability> {
  try {
    return durabilityOf(url, await askMonitor(url, '/varz'));
  } catch (error) {
    return unknown(url, (error as Error).message);
  }
}

/** What a page of a monitoring endpoint says, parsed. Rejects with an Error that says for people why there is nothing. */
export async function askMonitor(url: string, page: string): Promise<unknown> {
  const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
  try {
    return await getJson(new URL(page, url), limit);
  } catch (error) {
    if (limit.aborted) throw new Error(`no answer within ${ANSWER_LIMIT_MS / 1000} s`, { cause: error });
    throw error;
  }
}

/** With node:http, which is loaded anyway: the first `fetch` of a process costs it 5 MB and 50 ms for good. */
async function getJson(url: URL, signal: AbortSignal): Promise<unknown> {
  const ask = url.protocol === 'https:' ? (await import('node:https')).get : get;
  const [response] = (await once(ask(url, { agent: false, signal }), 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`it answers ${response.statusCode ?? 'nothing'}`);
  }
  let text = '';
  for await (const part of response.setEncoding('utf8')) {
    text += part as string;
    if (text.length > ANSWER_LIMIT_OCTETS) throw new Error('it answers without end');
  }
  return JSON.parse(text);
}

/** What `GET /varz` of the server at `url` says. A release before 2.10 cannot be set to sync always, and says nothing. */
export function durabilityOf(url: string, varz: unknown): Durability {
  const { version = '', jetstream } = (varz ?? {}) as Varz;
  const config = jetstream?.config;
  if (config === undefined || config === null) return unknown(url, 'it says nothing of JetStream');
  const server = `nats-server ${version} at ${url}`;
  if (config.sync_always === true) return { syncsAlways: true, reason: `${server} syncs before it confirms` };
  const interval = config.sync_interval;
  const every = typeof interval === 'number' && interval > 0 ? `every ${interval / 1e9} s` : 'from time to time';
  return {
    syncsAlways: false,
    reason:
      `${server} confirms before it syncs, which it does ${every}: a power failure loses events that were acknowledged ` +
      'to the RTU (jetstream { sync_interval: always } prevents it)',
  };
}

const unknown = (url: string, why: string): Durability => ({
  syncsAlways: 'unknown',
  reason: `the monitoring endpoint ${url} cannot be asked whether the server syncs before it confirms: ${why}`,
});
