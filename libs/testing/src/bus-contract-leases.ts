import assert from 'node:assert/strict';
import { type Bus, leasePresenceSubject, presenceSubject } from '@iec104mm2ss/bus';
import { encodeBeacon } from '@iec104mm2ss/wire';
import { type Cases, delivered, octets, rejection, unique } from './bus-contract-parties.js';

export const LEASE_CASES: Record<string, Cases> = {
  'a lease': {
    'has one holder, is handed over when given back, and its fence grows': async (parties) => {
      const { bus, other, until } = parties;
      const key = unique('lease');
      const events: string[] = [];
      const fences: number[] = [];
      const want = (who: string, at: Bus) =>
        at.lease({
          key,
          onAcquired: (fence) => {
            events.push(`${who} has it`);
            fences.push(fence);
          },
          onLost: () => events.push(`${who} lost it`),
        });
      const first = want('first', bus);
      await until(() => events.length === 1, 'the first has it');
      const second = want('second', other);
      await delivered(parties, other, bus);
      assert.deepEqual(events, ['first has it']);
      assert.equal(first.fence, fences[0]);
      assert.equal(second.fence, 0);
      await first.release();
      await until(() => events.includes('second has it'), 'the second has it');
      assert.equal(first.fence, 0);
      assert.equal(second.fence, fences[1]);
      assert.ok((fences[1] as number) > (fences[0] as number), `fences ${fences.join()}`);
      assert.deepEqual(
        events.filter((event) => event !== 'first lost it'),
        ['first has it', 'second has it'],
      );
      await second.release();
      const third = want('third', bus);
      await until(() => events.includes('third has it'), 'the third has it');
      assert.ok((fences[2] as number) > (fences[1] as number), `fences ${fences.join()}`);
      await third.release();
    },
    'is not given to one who has stopped wanting it': async (parties) => {
      const { bus, other, until } = parties;
      const key = unique('lease');
      let got = false;
      let have = false;
      const first = bus.lease({ key, onAcquired: () => (have = true), onLost: () => undefined });
      await until(() => have, 'the first has it');
      const second = other.lease({ key, onAcquired: () => (got = true), onLost: () => undefined });
      await second.release();
      await first.release();
      let third = false;
      const last = bus.lease({ key, onAcquired: () => (third = true), onLost: () => undefined });
      await until(() => third, 'the third has it');
      assert.equal(got, false);
      await last.release();
    },
    'is stored with its holder and its fence': async (parties) => {
      const { bus, other, until, untilAsync } = parties;
      const key = unique('lease');
      assert.deepEqual(await other.leaseEntry(key), { holder: null, fence: 0 });
      const lease = bus.lease({ key, onAcquired: () => undefined, onLost: () => undefined });
      await until(() => lease.fence > 0, 'it is held');
      const { fence } = lease;
      assert.ok(lease.certain);
      const entry = await other.leaseEntry(key);
      assert.equal(entry.fence, fence);
      assert.ok(entry.holder !== null);
      await lease.release();
      assert.equal(lease.certain, false);
      await untilAsync(async () => (await other.leaseEntry(key)).holder === null, 'it is free');
      assert.equal((await other.leaseEntry(key)).fence, fence);
    },
    'has its fence raised in the entry, which names the same holder still, and never lowered': async (parties) => {
      const { bus, other, until, untilAsync } = parties;
      if (bus === other) return;
      const key = unique('lease');
      const lease = bus.lease({ key, onAcquired: () => undefined, onLost: () => undefined });
      await until(() => lease.fence > 0, 'it is held');
      const { holder, fence } = await other.leaseEntry(key);
      other.raiseFence(key, fence + 50);
      await untilAsync(async () => (await other.leaseEntry(key)).fence > fence + 50, 'it is raised');
      const raised = await other.leaseEntry(key);
      assert.equal(raised.holder, holder);
      other.raiseFence(key, fence + 20);
      await delivered(parties, other, bus);
      assert.ok((await other.leaseEntry(key)).fence >= raised.fence);
      await lease.release();
    },
    'goes to one of many that want it at once, and that is no trouble': async (parties) => {
      const { bus, other, until } = parties;
      const troubles: string[] = [];
      for (const each of [bus, other]) each.onTrouble((message) => troubles.push(message));
      const keys = Array.from({ length: 20 }, () => unique('lease'));
      const held = new Map<string, number>();
      const leases = keys.flatMap((key) =>
        [bus, other].map((at) => {
          const count = (by: number): void => void held.set(key, (held.get(key) ?? 0) + by);
          return at.lease({ key, onAcquired: () => count(1), onLost: () => count(-1) });
        }),
      );
      await until(() => held.size === keys.length, 'all of them are held');
      await delivered(parties, bus, other);
      assert.deepEqual([...held.values()], Array<number>(keys.length).fill(1));
      assert.deepEqual(troubles, []);
      await Promise.all(leases.map((lease) => lease.release()));
    },
    'is shared evenly by the members of its pool': async (parties) => {
      const { bus, other, until } = parties;
      if (bus === other) return;
      const pool = unique('pool');
      const keys = Array.from({ length: 9 }, () => unique('lease'));
      const take = (at: Bus) =>
        keys.map((key) => at.lease({ key, pool, onAcquired: () => undefined, onLost: () => undefined }));
      const count = (leases: { readonly fence: number }[]): number => leases.filter(({ fence }) => fence > 0).length;
      const first = take(bus);
      await until(() => count(first) === 9, 'one member holds all');
      const second = take(other);
      await until(() => count(first) + count(second) === 9 && Math.abs(count(first) - count(second)) === 1, 'shared');
      await Promise.all(first.map((lease) => lease.release()));
      await bus.close();
      await until(() => count(second) === 9, 'the other member holds all');
      await Promise.all(second.map((lease) => lease.release()));
    },
    'is neither taken nor freed by a message': async (parties) => {
      const { bus, other, until } = parties;
      const pool = unique('pool');
      for (const options of [{ key: unique('lease') }, { key: unique('lease'), pool }]) {
        const { key } = options;
        const lost: string[] = [];
        const lease = bus.lease({ ...options, onAcquired: () => undefined, onLost: (reason) => lost.push(reason) });
        await until(() => lease.fence > 0, 'it is held');
        const { fence } = lease;
        const contender = other.lease({ ...options, onAcquired: () => undefined, onLost: () => undefined });
        const { holder } = await other.leaseEntry(key);
        const forged = [
          { instance: 'somebody', held: 1, leaving: false },
          { instance: holder ?? '', held: 0, leaving: false },
          { instance: holder ?? '', held: 0, leaving: true },
        ];
        for (let i = 0; i < 3; i++) {
          for (const beacon of forged) {
            for (const subject of [leasePresenceSubject(key), leasePresenceSubject(key, pool), presenceSubject(pool)]) {
              other.publish(subject, encodeBeacon(beacon));
            }
          }
          await delivered(parties, bus, other);
          await delivered(parties, other, bus);
          assert.deepEqual(await other.leaseEntry(key), { holder, fence });
        }
        assert.equal(lease.fence, fence);
        assert.equal(contender.fence, 0);
        assert.deepEqual(lost, []);
        await contender.release();
        await lease.release();
      }
    },
    'is not stopped by messages about it that are not understood': async (parties) => {
      const { bus, other, until } = parties;
      const key = unique('lease');
      const lease = bus.lease({ key, onAcquired: () => undefined, onLost: () => undefined });
      await until(() => lease.fence > 0, 'it is held');
      for (const rubbish of ['', 'null', '{}', '{"v":2,"instance":7}']) {
        other.publish(leasePresenceSubject(key), octets(rubbish));
      }
      await delivered(parties, bus, other);
      assert.ok(lease.certain);
      await lease.release();
    },
    'whose entry cannot be read is set aside, reported, and goes on': async (parties) => {
      const { bus, other, until } = parties;
      // Only what is stored can be spoilt.
      if (bus.kind === 'memory') return;
      const troubles: string[] = [];
      bus.onTrouble((message) => troubles.push(message));
      const spoilt = ['', 'null', '{"holder":7,"fence":-1}', '{"v":2,"holder":"x","fence":4294967295}'];
      const goesOn = async (value: string): Promise<void> => {
        const key = unique('lease');
        await other.keyValue('iec104_leases').put(key, octets(value));
        assert.equal((await rejection(other.leaseEntry(key))).code, 'UNAVAILABLE');
        const lease = bus.lease({ key, onAcquired: () => undefined, onLost: () => undefined });
        await until(() => lease.fence > 0, 'it is held');
        assert.equal((await other.leaseEntry(key)).fence, lease.fence);
        assert.equal(troubles.filter((message) => message.includes(key)).length, 1);
        await lease.release();
      };
      await Promise.all(spoilt.map(goesOn));
    },
  },

  'a member of a pool': {
    'is reported when it leaves': async (parties) => {
      const { bus, other, until } = parties;
      if (bus === other) return;
      const pool = unique('pool');
      const gone: string[] = [];
      other.onMemberGone(pool, (instance) => gone.push(instance));
      await delivered(parties, other, bus);
      bus.join(pool);
      await delivered(parties, other, bus);
      assert.deepEqual(gone, []);
      await bus.close();
      await until(() => gone.length === 1, 'it is gone');
    },
  },
};
