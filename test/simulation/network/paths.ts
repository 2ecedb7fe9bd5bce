import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

/** How a stream of octets is cut on its way: as it was written, at random, or octet by octet. */
export type Cutting = 'whole' | 'pieces' | 'octets';

/** The way between two hosts. */
export class Path {
  latencyMs = 0.3;
  jitterMs = 0.4;
  cutting: Cutting = 'whole';
  /** Nothing passes before this time; what was sent stays with its sender and is sent again. */
  stalledUntil = 0;
}

/** All ways of the simulated network, and which hosts are there at all. */
export class Paths {
  private readonly paths = new Map<string, Path>();
  private readonly down = new Set<string>();
  private readonly draws: Random;

  constructor(private readonly world: World) {
    this.draws = world.random('network');
  }

  between(a: string, b: string): Path {
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    let path = this.paths.get(key);
    if (path === undefined) {
      path = new Path();
      this.paths.set(key, path);
    }
    return path;
  }

  /** A host that is down receives nothing and answers nothing; one that is up again knows nothing of what was before. */
  setDown(address: string, isDown: boolean): void {
    if (isDown) this.down.add(address);
    else this.down.delete(address);
  }

  /** False: what is sent now does not come through. */
  passes(a: string, b: string): boolean {
    if (this.down.has(a) || this.down.has(b)) return false;
    return a === b || this.between(a, b).stalledUntil <= this.world.time;
  }

  delay(a: string, b: string): number {
    if (a === b) return 0.05;
    const { latencyMs, jitterMs } = this.between(a, b);
    return latencyMs + this.draws.skewed(0, jitterMs);
  }

  /** Cuts octets as the path does. */
  cut(a: string, b: string, octets: Buffer): Buffer[] {
    const { cutting } = this.between(a, b);
    if (cutting === 'whole' || octets.length < 2) return [octets];
    const parts: Buffer[] = [];
    for (let at = 0; at < octets.length; ) {
      const length = cutting === 'octets' ? 1 : this.draws.integer(1, Math.max(1, octets.length - at));
      parts.push(octets.subarray(at, at + length));
      at += length;
    }
    return parts;
  }
}
