import type { NatsConnection } from '@nats-io/transport-node';
import { expect, it } from 'vitest';
import { Asking } from './asking.js';

const clock = { setTimer: () => undefined, clearTimer: () => undefined };
const connection = { subscribe: () => ({ unsubscribe: () => undefined }), publish: () => undefined };

it('fails at once what the server does not let this process ask, and nothing else', async () => {
  const asking = new Asking(connection as unknown as NatsConnection, clock, undefined, () => undefined);
  const [refused, other] = [
    asking.ask('ctl.restart', Buffer.of(), 2_000),
    asking.ask('ctl.status', Buffer.of(), 2_000),
  ];
  asking.denied('ctl.restart');
  await expect(refused).rejects.toMatchObject({
    code: 'REFUSED',
    message: 'the NATS user of this process may not ask on ctl.restart',
  });
  expect(await Promise.race([other, Promise.resolve('it waits')])).toBe('it waits');
});
