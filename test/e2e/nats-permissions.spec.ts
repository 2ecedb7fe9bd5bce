import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BusUser, permissionsOf } from '@iec104mm2ss/bus';
import { AUDIT_JOURNAL, AUDIT_LIMITS } from '@iec104mm2ss/router';
import { errors, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BusUsers } from './bus-users.ts';
import { hasNats, hasNats29, type NatsRelease, type NatsServer, startNatsServer } from './nats-server.ts';

const GATEWAYS: readonly BusUser[] = [
  { name: 'gateway1', role: 'gateway' },
  { name: 'gateway2', role: 'gateway' },
  { name: 'west', role: 'gateway', groups: ['2'] },
];

const GROUPS = ['1', '2'];
const STREAMS = ['IEC104_LOG_1', 'IEC104_LOG_2', 'IEC104_AUDIT', 'KV_iec104_leases', 'KV_iec104_state'];
/** To JetStream, for what there is not: it answers, and does nothing. */
const QUESTION = '{"filter":"nothing"}';
const NOBODY: readonly string[] = [];
const CONNECTOR = ['connector-1', 'run'];
const ROUTER = ['router', 'run'];
const CONSOLE = ['console', 'run'];
const GATEWAY1 = ['gateway1'];
const SETUP = ['setup'];
const PARTS = ['connector-1', 'connector-2', 'router', 'gateway1', 'gateway2', 'west', 'run'];
/** Where a user finds JetStream, which is in another account. */
const STORE = 'iec104.js';
const KV = `${STORE}.$KV.iec104_leases`;
const API = STORE;
/** Where it would be, if it were not. */
const BARE_API = '$JS.API';
const BARE_KV = '$KV.iec104_leases';
const STATUS = 'iec104.v1.ctl.status';
const PRESENCE = 'iec104.v1.ctl.presence';

/** Who may publish on a subject: nobody else may. */
const PUBLISH: readonly (readonly [subject: string, who: readonly string[]])[] = [
  // The connector of a group, and no other one.
  ['iec104.v1.1.log', CONNECTOR],
  ['iec104.v1.1.state', CONNECTOR],
  ['iec104.v1.1.cmd.result', CONNECTOR],
  [`${PRESENCE}.lease.connector.1`, CONNECTOR],
  [`${KV}.connector.1`, CONNECTOR],
  // Routers.
  ['iec104.v1.1.cmd', ROUTER],
  ['iec104.v1.1.cmd.query', ROUTER],
  ['iec104.v1.1.confirmed', ROUTER],
  ['iec104.v1.1.owner', ROUTER],
  ['iec104.v1.1.out', ROUTER],
  ['iec104.v1.1.out.5', ROUTER],
  ['iec104.v1.1.out.gateway1.5', ROUTER],
  ['iec104.v1.1.audit', ROUTER],
  ['iec104.v1.1.decoded.M_SP_NA_1', ROUTER],
  [`${PRESENCE}.router`, ROUTER],
  [`${PRESENCE}.router.router.1`, ROUTER],
  [`${KV}.router.1`, ROUTER],
  [`${STORE}.$KV.iec104_state.router.1`, ROUTER],
  // A gateway for itself, for its groups.
  ...['in', 'ack', 'listener', 'admit'].flatMap((kind) => [
    [`iec104.v1.1.${kind}`, NOBODY] as const,
    [`iec104.v1.1.${kind}.gateway1`, GATEWAY1] as const,
    [`iec104.v1.1.${kind}.west`, NOBODY] as const,
    [`iec104.v1.2.${kind}.west`, ['west']] as const,
  ]),
  ['iec104.v1.ctl.admit', NOBODY],
  [`${PRESENCE}.gateway`, NOBODY],
  [`${PRESENCE}.gateway.gateway1`, GATEWAY1],
  // Orders, questions, answers.
  ['iec104.v1.ctl.restart', CONSOLE],
  ['iec104.v1.ctl.next-host', CONSOLE],
  ['iec104.v1.ctl.disconnect', CONSOLE],
  ['iec104.v1.ctl.observe', CONSOLE],
  ['iec104.v1.ctl.status', [...PARTS, 'console']],
  ['iec104.v1.ctl.left', [...PARTS, 'console']],
  ['iec104.v1.ctl.lines', CONSOLE],
  ['iec104.v1.ctl.capture', CONSOLE],
  ['_INBOX.gateway1.ask.x', [...PARTS, 'console']],
  ['_INBOX.gateway1.mux.x', NOBODY],
  ['_INBOX.connector-1.x', NOBODY],
  // What is stored.
  [`${API}.STREAM.PURGE.IEC104_LOG_1`, ROUTER],
  ...['IEC104_LOG_1', 'IEC104_AUDIT', 'KV_iec104_leases', 'KV_iec104_state'].flatMap((stream) => [
    [`${API}.STREAM.CREATE.${stream}`, SETUP] as const,
    [`${API}.STREAM.UPDATE.${stream}`, SETUP] as const,
    [`${API}.STREAM.DELETE.${stream}`, NOBODY] as const,
    [`${API}.STREAM.MSG.DELETE.${stream}`, NOBODY] as const,
    [`${API}.STREAM.SNAPSHOT.${stream}`, NOBODY] as const,
    [`${API}.STREAM.RESTORE.${stream}`, NOBODY] as const,
    [`${API}.CONSUMER.CREATE.${stream}`, NOBODY] as const,
    [`${API}.CONSUMER.CREATE.${stream}.c`, NOBODY] as const,
    [`${API}.CONSUMER.DURABLE.CREATE.${stream}.c`, NOBODY] as const,
    ...(stream === 'IEC104_LOG_1' ? [] : [[`${API}.STREAM.PURGE.${stream}`, NOBODY] as const]),
  ]),
  [`${API}.STREAM.CREATE.OTHER`, NOBODY],
  [`${API}.STREAM.MSG.GET.IEC104_LOG_1`, ['connector-1', 'router', 'run']],
  [`${API}.DIRECT.GET.IEC104_LOG_1`, NOBODY],
  [`${API}.DIRECT.GET.IEC104_AUDIT`, NOBODY],
  [`${API}.STREAM.MSG.GET.KV_iec104_leases`, PARTS],
  [`${API}.STREAM.MSG.GET.KV_iec104_state`, ROUTER],
  [`${API}.ACCOUNT.PURGE.A`, NOBODY],
  [`${BARE_KV}.connector.1`, NOBODY],
  [`${BARE_KV}.router.1`, NOBODY],
  ['$KV.iec104_state.router.1', NOBODY],
  ['$KV.iec104_state.1', NOBODY],
  [`${BARE_API}.INFO`, NOBODY],
  [`${BARE_API}.STREAM.INFO.IEC104_LOG_1`, NOBODY],
  [`${BARE_API}.STREAM.MSG.GET.KV_iec104_leases`, NOBODY],
  [`${BARE_API}.STREAM.PURGE.IEC104_LOG_1`, NOBODY],
  [`${BARE_API}.STREAM.DELETE.IEC104_AUDIT`, NOBODY],
  [`${BARE_API}.STREAM.UPDATE.IEC104_AUDIT`, NOBODY],
  ['$SYS.REQ.SERVER.PING', NOBODY],
];

/** Who may hear what is said on a subject. */
const SUBSCRIBE: readonly (readonly [subject: string, who: readonly string[]])[] = [
  ['>', NOBODY],
  ['iec104.v1.>', NOBODY],
  ['iec104.v1.1.>', NOBODY],
  ['_INBOX.>', NOBODY],
  ['_INBOX.*.ask.*', NOBODY],
  ['_INBOX.gateway1.>', GATEWAY1],
  ['_INBOX.router.>', ['router']],
  ['_INBOX.connector-1.>', ['connector-1']],
  ['$KV.>', NOBODY],
  ['$JS.>', NOBODY],
  ['_R_.>', NOBODY],
  [`${STORE}.>`, NOBODY],
  ['iec104.v1.1.log', ROUTER],
  ['iec104.v1.1.cmd', CONNECTOR],
  ['iec104.v1.1.cmd.query', CONNECTOR],
  ['iec104.v1.1.confirmed', CONNECTOR],
  ['iec104.v1.1.cmd.result', ROUTER],
  ['iec104.v1.1.in.gateway1', ROUTER],
  ['iec104.v1.1.ack.gateway1', ROUTER],
  ['iec104.v1.1.admit.gateway1', ROUTER],
  ['iec104.v1.1.out', ['gateway1', 'gateway2', 'run']],
  ['iec104.v1.2.out', ['gateway1', 'gateway2', 'west', 'run']],
  ['iec104.v1.1.out.*', NOBODY],
  ['iec104.v1.1.out.gateway1.*', GATEWAY1],
  ['iec104.v1.1.state', ['router', 'gateway1', 'gateway2', 'run']],
  ['iec104.v1.1.audit', ['router', 'watcher', 'console', 'run']],
  ['iec104.v1.1.decoded.>', ['router', 'watcher', 'console', 'run']],
  ['iec104.v1.ctl.restart', ['connector-1', 'connector-2', 'run']],
  ['iec104.v1.ctl.disconnect', ['gateway1', 'gateway2', 'west', 'run']],
  ['iec104.v1.ctl.observe', ['router', 'run']],
  ['iec104.v1.ctl.status', [...PARTS, 'console']],
  ['iec104.v1.ctl.lines', [...PARTS, 'console']],
  ['iec104.v1.ctl.capture', [...PARTS, 'console']],
];

describe.each<[NatsRelease, boolean]>([
  ['current', hasNats],
  ['2.9', hasNats29],
])('with the users of mm2ss nats-auth, nats-server %s', (release, available) => {
  let directory: string;
  let server: NatsServer;
  let users: BusUsers;
  let names: readonly string[];

  beforeAll(async () => {
    if (!available) return;
    directory = await mkdtemp(join(tmpdir(), 'mm2ss-e2e-users-'));
    users = new BusUsers(directory, { gateways: GATEWAYS });
    server = await startNatsServer(release, users.asWritten(GROUPS));
    names = users.users().map(({ name }) => name);
    await users.setUp([server.url]);
  });
  afterAll(async () => {
    if (!available) return;
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** Which of the users the server permits each of the subjects. */
  async function permitted(
    subjects: readonly string[],
    does: (client: NatsConnection, subject: string) => void,
  ): Promise<Map<string, string[]>> {
    const found = new Map(subjects.map((subject): [string, string[]] => [subject, []]));
    for (const name of names) {
      const client = await users.rawClient(server.url, name);
      const denied = new Set<string>();
      void (async () => {
        for await (const status of client.status()) {
          if (status.type !== 'error') continue;
          if (status.error instanceof errors.PermissionViolationError) denied.add(status.error.subject);
        }
      })();
      for (const subject of subjects) does(client, subject);
      await client.flush();
      await client.flush();
      await client.close();
      for (const subject of subjects) if (!denied.has(subject)) found.get(subject)?.push(name);
    }
    return found;
  }

  const sorted = (table: typeof PUBLISH): [string, string[]][] =>
    table.map(([subject, who]) => [subject, names.filter((name) => who.includes(name))]);

  describe.skipIf(!available)('lets', () => {
    it('only those publish who speak for what it is about', async () => {
      const found = await permitted(
        PUBLISH.map(([subject]) => subject),
        (client, subject) => client.publish(subject),
      );
      expect([...found]).toEqual(sorted(PUBLISH));
    });

    it('only those subscribe whom it concerns', async () => {
      const found = await permitted(
        SUBSCRIBE.map(([subject]) => subject),
        (client, subject) => client.subscribe(subject, { callback: () => undefined }),
      );
      expect([...found]).toEqual(sorted(SUBSCRIBE));
    });

    it('nobody answer himself on a subject of somebody else', async () => {
      for (const name of PARTS.filter((each) => each !== 'run')) {
        const client = await users.rawClient(server.url, name);
        const denied: string[] = [];
        void (async () => {
          for await (const status of client.status()) {
            if (status.type !== 'error') continue;
            if (status.error instanceof errors.PermissionViolationError) denied.push(status.error.subject);
          }
        })();
        const forged = name === 'router' ? 'iec104.v1.1.log' : 'iec104.v1.1.cmd';
        const heard = new Promise((resolve) => client.subscribe(STATUS, { callback: resolve }));
        client.publish(STATUS, 'a question to himself', { reply: forged });
        await heard;
        client.publish(forged, 'an answer');
        await expect.poll(() => denied, { timeout: 5_000 }).toEqual([forged]);
        await client.close();
      }
    });

    it('no answer of the server reach what the asker may not say himself', async () => {
      const setup = await users.rawClient(server.url, 'setup');
      const stored = () =>
        Promise.all(
          STREAMS.map(async (name) => {
            const answer = await setup.request(`${API}.STREAM.INFO.${name}`, '', { timeout: 5_000 });
            const { state } = answer.json<{ state: { messages: number; bytes: number; last_seq: number } }>();
            return [name, state.messages, state.bytes, state.last_seq];
          }),
        );
      const clients = new Map<string, NatsConnection>();
      for (const name of names) clients.set(name, await users.rawClient(server.url, name));
      const heard: string[] = [];
      let asking = '';
      for (const user of users.users()) {
        for (const subject of permissionsOf(user, { groups: GROUPS, httpControl: false }).subscribe) {
          // Who has the same key is the same user. An event is a question to JetStream, and routers hear it.
          const callback = (_error: unknown, message: Msg): void => {
            const isAnswer = message.string() !== QUESTION;
            if (isAnswer && user.name !== asking) heard.push(`${user.name} of ${asking}: ${message.subject}`);
          };
          for (const each of [subject, `from.*.${subject}`]) clients.get(user.name)?.subscribe(each, { callback });
        }
      }
      for (const client of clients.values()) await client.flush();
      const before = await stored();
      // What makes the server answer, and changes nothing.
      const unlikely = headers();
      unlikely.set('Nats-Expected-Last-Sequence', '1000000');
      let asked = 0;
      for (const user of users.users()) {
        const client = clients.get(user.name) as NatsConnection;
        asking = user.name;
        const { store } = permissionsOf(user, { groups: GROUPS, httpControl: false });
        for (const question of store.map((subject) => subject.replace('>', 'x').replaceAll('*', '1'))) {
          for (const [reply, who] of PUBLISH) {
            if (who.includes(user.name)) continue;
            client.publish(question, QUESTION, { reply, headers: unlikely });
            asked++;
          }
          await client.flush();
        }
        for (let round = 0; round < 3; round++) for (const each of clients.values()) await each.flush();
      }
      expect(asked).toBeGreaterThan(5_000);
      expect(await stored()).toEqual(before);
      expect(heard).toEqual([]);
      await Promise.all([setup, ...clients.values()].map((client) => client.close()));
    });

    it('nobody have himself answered with a subject of somebody else', async () => {
      const router = await users.connect([server.url], 'router');
      const gateway = await users.rawClient(server.url, 'gateway1');
      const connector = await users.rawClient(server.url, 'connector-1');
      try {
        let [questions, commands] = [0, 0];
        router.subscribe(STATUS, (message) => {
          questions++;
          message.respond(Buffer.from('an answer'));
        });
        connector.subscribe('iec104.v1.1.cmd', { callback: () => void commands++ });
        const answered = gateway.subscribe('_INBOX.gateway1.ask.1', { max: 1 });
        await Promise.all([router.listening(), connector.flush()]);
        gateway.publish(STATUS, 'a question', { reply: 'iec104.v1.1.cmd' });
        gateway.publish(STATUS, 'a question', { reply: '_INBOX.gateway1.ask.1' });
        for await (const answer of answered) expect(answer.string()).toBe('an answer');
        await connector.flush();
        expect({ questions, commands }).toEqual({ questions: 2, commands: 0 });
      } finally {
        await Promise.all([router.close(), gateway.close(), connector.close()]);
      }
    });

    it('nobody remove the leases of others with a header', async () => {
      const router = await users.connect([server.url], 'router');
      const connector = await users.rawClient(server.url, 'connector-1');
      const header = headers();
      header.set('Nats-Rollup', 'all');
      try {
        const lease = router.lease({ key: 'router.1', onAcquired: () => undefined, onLost: () => undefined });
        await expect.poll(() => lease.fence, { timeout: 10_000 }).toBeGreaterThan(0);
        connector.publish(`${KV}.connector.1`, 'x', { headers: header });
        await connector.flush();
        expect(await router.leaseEntry('router.1')).toMatchObject({ fence: lease.fence });
      } finally {
        await Promise.all([router.close(), connector.close()]);
      }
    });

    it('nobody take records that are gone for none', async () => {
      const empty = await startNatsServer(release, users.asWritten(GROUPS));
      const bus = await users.connect([empty.url], 'watcher', true);
      try {
        await expect(bus.journal(AUDIT_JOURNAL, AUDIT_LIMITS).read(undefined, 10)).rejects.toThrow(
          'there is no stream',
        );
      } finally {
        await bus.close();
        await empty.stop();
      }
    });
  });
});
