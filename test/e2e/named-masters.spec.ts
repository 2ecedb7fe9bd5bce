import { describe, expect, it } from 'vitest';
import { hasNats } from './nats-server.ts';
import { until } from './ports.ts';
import { addressOf, oneGroup } from './scene.ts';
import { GATEWAY_HOSTS, groupOf } from './system.ts';

/** What one link may have under way unacknowledged. */
const WINDOW = 12;

describe.skipIf(!hasNats)('a named master', () => {
  it('that was away gets everything it missed, in order, on another gateway, then live data without gap', async () => {
    const { rtu, ledger, system, master } = await oneGroup({ masters: `A=${addressOf(1)}`, buffsize: 5000 });
    const [named, other] = [master(1, 0), master(2, 1)];
    await named.connect();
    await other.connect();
    await system.started(2);
    rtu.startEvents(500);
    await until('500 events', () => ledger.total >= 500);
    await named.close();
    const leftAt = ledger.total;
    await until('1,500 more', () => ledger.total >= leftAt + 1_500);
    await named.moveTo(GATEWAY_HOSTS[1]);
    const backAt = ledger.total;
    await until('it has caught up and goes on live', () => named.newest > backAt + 500);
    rtu.stopEvents();
    await named.hasAll();
    await other.hasAll();
    const account = named.account();
    expect(account).toMatchObject({ missing: 0, gaps: [], unknown: 0 });
    expect(account.repeats).toBeLessThanOrEqual(WINDOW);
    expect(other.account()).toMatchObject({ missing: 0, repeats: 0, gaps: [] });
  });

  it('that was away for longer than the log reaches gets the newest buffsize events; the loss is counted', async () => {
    const buffsize = 300;
    const { rtu, ledger, system, master } = await oneGroup({ masters: `A=${addressOf(1)}`, buffsize });
    const [named, other] = [master(1, 0), master(2, 1)];
    await named.connect();
    await other.connect();
    await system.started(2);
    rtu.burst(50);
    await named.hasAll();
    await named.close();
    for (let i = 0; i < 10; i++) {
      rtu.burst(100);
      await other.hasAll();
    }
    const owner = await system.owner();
    await until('the loss is counted', async () => {
      return ((await owner.metric('mm2ss_named_master_events_lost_total')) ?? 0) >= 1000 - buffsize - WINDOW;
    });
    await named.moveTo(GATEWAY_HOSTS[1]);
    rtu.burst(1);
    await until('it is up to date', () => named.newest === ledger.total - 1);
    const account = named.account();
    expect(account.gaps).toEqual([]);
    expect(account.missing).toBeGreaterThanOrEqual(1000 - buffsize - 2 * WINDOW);
    expect(account.missing).toBeLessThanOrEqual(1000 - buffsize + WINDOW);
    const lost = (await owner.metric('mm2ss_named_master_events_lost_total')) ?? 0;
    expect(Math.abs(lost - account.missing)).toBeLessThanOrEqual(2 * WINDOW);
    expect(other.account()).toMatchObject({ missing: 0, repeats: 0, gaps: [] });
  });

  it('with two connections: STARTDT on the standby takes over, and what was unacknowledged is repeated', async () => {
    const columns = { masters: `A=${addressOf(1)},${addressOf(2)}` };
    const { rtu, ledger, system, master } = await oneGroup(columns);
    const [main, standby] = [master(1, 0), master(2, 1)];
    await main.connect();
    await system.started(1);
    rtu.burst(40);
    await main.hasAll();
    // From now on it acknowledges nothing: what comes is owed to it.
    main.simulator.setAcknowledging(false);
    rtu.burst(6);
    await until('it has 46', () => main.distinct === 46);
    await standby.connect();
    await until('the second has what was not acknowledged', () => standby.newest === ledger.total - 1);
    expect(standby.received.filter((sequence) => sequence >= 0)).toEqual([40, 41, 42, 43, 44, 45]);
    rtu.burst(20);
    await until('the second goes on', () => standby.newest === ledger.total - 1);
    expect(standby.account(40)).toMatchObject({ missing: 0, repeats: 0, gaps: [] });
    expect(main.newest).toBe(45);
    expect(await system.masters()).toMatchObject([{ name: 'A' }, { name: 'A' }]);
  });
});

describe.skipIf(!hasNats)('a log that is full of what nobody has acknowledged', () => {
  it('keeps the RTU unacknowledged until a master acknowledges, and loses nothing', async () => {
    const buffsize = 60;
    const { rtu, ledger, system, master } = await oneGroup({ buffsize, t1: 60 });
    const one = master(1, 0);
    await one.connect();
    await system.started(1);
    rtu.burst(10);
    await one.hasAll();
    one.simulator.setAcknowledging(false);
    rtu.burst(200);
    const connector = system.part('connector1.1');
    await until('the log is full', async () => (await groupOf(connector)).log.full === true);
    const { log } = await groupOf(connector);
    expect((log.next ?? 0) - (log.confirmed ?? 0)).toBeGreaterThanOrEqual(buffsize - WINDOW);
    // The RTU keeps what the log could not take.
    expect(rtu.buffered).toBeGreaterThanOrEqual(200 - buffsize - WINDOW);
    one.simulator.setAcknowledging(true);
    await one.hasAll();
    expect(one.account()).toMatchObject({ missing: 0, repeats: 0, gaps: [] });
    expect(rtu.counts.connections).toBe(1);
    expect(ledger.total).toBe(210);
    await until('all is acknowledged to the RTU', () => rtu.buffered === 0);
  });
});
