/** A server that does not know a process yet, or no more: the process waits, says so, and goes on as soon as it is let in. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BusUsers } from './bus-users.ts';
import { hasNats, startNatsServer } from './nats-server.ts';
import { freePort, until } from './ports.ts';
import { startSingle } from './single-part.ts';

const REFUSED = 'NATS refuses this process: waiting until it is let in';
const GROUPS = ['1'];

function users(name: string): BusUsers {
  const folder = mkdtempSync(join(tmpdir(), `mm2ss-refused-${name}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return new BusUsers(folder);
}

/** What one of the two questions for an orchestrator is answered. */
async function asked(health: string, question: 'healthz' | 'readyz'): Promise<string> {
  const response = await fetch(`http://${health}/${question}`);
  return `${response.status} ${await response.text()}`;
}

describe.skipIf(!hasNats)('a part that NATS refuses', () => {
  it.each(['connector', 'router', 'gateway', 'run'] as const)(
    '%s: at its start and in the middle it waits, not ready, and goes on when it is let in',
    async (part) => {
      const [known, strangers] = [users('known'), users('strangers')];
      const server = await startNatsServer('current', strangers.asWritten(GROUPS));
      onTestFinished(() => server.stop());
      const health = `127.0.0.1:${await freePort()}`;
      const key = known.file({ connector: 'connector-1', router: 'router', gateway: 'gateway1', run: 'run' }[part]);
      const of = part === 'connector' ? ['--group', '1'] : [];
      const process = await startSingle(part, ...of, '--nats', server.url, '--nats-nkey', key, '--health', health);

      const { reason } = await process.logged({ level: 'error', msg: REFUSED });
      expect(reason).toContain(`the server refuses the nkey in ${key} (Authorization Violation)`);
      expect(await asked(health, 'healthz')).toMatch(/^200 /);
      expect(await asked(health, 'readyz')).toMatch(/^503 .*it waits for the bus: .*refuses the nkey/);

      await server.reconfigure(known.asWritten(GROUPS));
      await known.setUp([server.url]);
      await process.logged({ msg: 'iec104mm2ss runs' });
      await until('it is ready', async () => (await asked(health, 'readyz')).startsWith('200 '));

      await server.reconfigure(strangers.asWritten(GROUPS));
      await until('it says why it is not', async () =>
        /^503 .*the bus is not connected: .*refuses the nkey/.test(await asked(health, 'readyz')),
      );
      expect(await asked(health, 'healthz')).toMatch(/^200 /);
      expect((await process.status()).bus).toMatchObject({
        connected: false,
        outage: expect.stringContaining('the server refuses the nkey'),
      });
      await server.reconfigure(known.asWritten(GROUPS));
      await until('it is ready again', async () => (await asked(health, 'readyz')).startsWith('200 '));
      expect((await process.status()).bus).not.toHaveProperty('outage');
      expect(process.count({ msg: REFUSED })).toBeLessThan(4);
      expect(await process.stop()).toBe(0);
    },
  );

  it('waits for JetStream, too, which the server may get', async () => {
    const known = users('known');
    const server = await startNatsServer('current', known.asWritten(GROUPS).replace('jetstream: enabled', ''));
    onTestFinished(() => server.stop());
    const router = await startSingle('router', '--nats', server.url, '--nats-nkey', known.file('router'));
    const { reason } = await router.logged({ level: 'error', msg: REFUSED });
    expect(reason).toContain('the server has no JetStream for this process');
    await server.reconfigure(known.asWritten(GROUPS));
    await known.setUp([server.url]);
    await router.logged({ msg: 'iec104mm2ss runs' });
  });
});
