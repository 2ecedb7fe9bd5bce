import { peerText } from '@iec104mm2ss/config';
import { sourceOf } from '@iec104mm2ss/observability';
import { TokenBuckets } from '@iec104mm2ss/runtime';

/** Passwords of one user from one address: so many at once, then one in ten seconds. */
const OF_USER = { burst: 10, perSecond: 0.1 };
/** Of all users from one address, so that nobody goes through their names. Behind a proxy it may be the address of many. */
const OF_ADDRESS = { burst: 60, perSecond: 0.5 };
const MAX_KEPT = 2_000;

/** Bounds how many passwords can be guessed. */
export class PasswordTries {
  private readonly ofUser = new TokenBuckets(MAX_KEPT);
  private readonly ofAddress = new TokenBuckets(MAX_KEPT);

  /** @returns how long to wait, ms; 0: it may be tried, and counts */
  take(address: string, user: string, now: number): number {
    const buckets = [
      this.ofAddress.of(networkOf(address), OF_ADDRESS.perSecond, OF_ADDRESS.burst, now),
      this.ofUser.of(keyOf(address, user), OF_USER.perSecond, OF_USER.burst, now),
    ];
    const waitMs = Math.max(...buckets.map((bucket) => bucket.waitMs(now)));
    if (waitMs === 0) for (const bucket of buckets) bucket.take(1, now);
    return waitMs;
  }

  /** It was right: what was tried before of this user counts no more. What was tried of others does. */
  succeeded(address: string, user: string): void {
    this.ofUser.forget(keyOf(address, user));
  }
}

const keyOf = (address: string, user: string): string => `${networkOf(address)} ${user.slice(0, 64)}`;

/** Who has one IPv6 address has all of its /64. */
const networkOf = (address: string): string => sourceOf(peerText(address.toLowerCase(), 0));
