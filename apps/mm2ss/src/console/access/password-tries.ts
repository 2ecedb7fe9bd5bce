import { isIPv6 } from 'node:net';
import { TokenBucket } from '@iec104mm2ss/runtime';

/** Passwords of one user from one address: so many at once, then one in ten seconds. */
const OF_USER = { burst: 10, perSecond: 0.1 };
/** Of all users from one address, so that nobody goes through their names. Behind a proxy it may be the address of many. */
const OF_ADDRESS = { burst: 60, perSecond: 0.5 };
const MAX_KEPT = 2_000;

/** Bounds how many passwords can be guessed. */
export class PasswordTries {
  private readonly ofUser = new Map<string, TokenBucket>();
  private readonly ofAddress = new Map<string, TokenBucket>();

  /** @returns how long to wait, ms; 0: it may be tried, and counts */
  take(address: string, user: string, now: number): number {
    const buckets = [
      bucketOf(this.ofAddress, networkOf(address), OF_ADDRESS, now),
      bucketOf(this.ofUser, keyOf(address, user), OF_USER, now),
    ];
    const waitMs = Math.max(...buckets.map((bucket) => bucket.waitMs(now)));
    if (waitMs === 0) for (const bucket of buckets) bucket.take(1, now);
    return waitMs;
  }

  /** It was right: what was tried before of this user counts no more. What was tried of others does. */
  succeeded(address: string, user: string): void {
    this.ofUser.delete(keyOf(address, user));
  }
}

const keyOf = (address: string, user: string): string => `${networkOf(address)} ${user.slice(0, 64)}`;

/** Who has one IPv6 address has all of its /64. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ?? '').split(':')];
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group || '0', 16).toString(16))
    .join(':');
}

function bucketOf(
  kept: Map<string, TokenBucket>,
  key: string,
  { burst, perSecond }: typeof OF_USER,
  now: number,
): TokenBucket {
  let bucket = kept.get(key);
  if (bucket === undefined) {
    if (kept.size >= MAX_KEPT) kept.delete([...kept.keys()][0] as string);
    bucket = new TokenBucket(perSecond, burst, now);
    kept.set(key, bucket);
  }
  return bucket;
}
