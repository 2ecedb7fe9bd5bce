import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

/** How a stream of octets is cut on its way: as it was written, at random, or octet by octet. */
export type Cutting = 'whole' | 'pieces' | 'octets';

interface Host {
  isDown: boolean;
}

/** The way between two hosts, both directions. */
export class Path {
  latencyMs = 0.3;
  jitterMs = 0.4;
  cutting: Cutting = 'whole';
  /** Nothing passes before this time; what was sent stays with its sender and is sent again. */
  stalledUntil = 0;

  constructor(
    private readonly world: World,
    private readonly draws: Random,
    private readonly ends: readonly [Host, Host],
  ) {}

  /** False: what is sent now does not come through. */
  get passes(): boolean {
    const [a, b] = this.ends;
    return this.stalledUntil <= this.world.time && !a.isDown && !b.isDown;
  }

  delay(): number {
    return this.latencyMs + this.draws.skewed(0, this.jitterMs);
  }

  /** Cuts octets as the path does. */
  cut(octets: Buffer): Buffer[] {
    if (this.cutting === 'whole' || octets.length < 2) return [octets];
    const parts: Buffer[] = [];
    for (let at = 0; at < octets.length;) {
      const length = this.cutting === 'octets' ? 1 : this.draws.integer(1, octets.length - at);
      parts.push(octets.subarray(at, at + length));
      at += length;
    }
    return parts;
  }
}

/** All ways of the simulated network. */
export class Paths {
  private readonly paths = new Map<string, Path>();
  private readonly hosts = new Map<string, Host>();
  private readonly draws: Random;

  constructor(private readonly world: World) {
    this.draws = world.random('network');
  }

  between(a: string, b: string): Path {
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    let path = this.paths.get(key);
    if (path === undefined) {
      path = new Path(this.world, this.draws, [this.host(a), this.host(b)]);
      if (a === b) path.latencyMs = path.jitterMs = 0.05;
      this.paths.set(key, path);
    }
    return path;
  }

  /** A host that is down receives nothing and answers nothing; one that is up again knows nothing of what was before. */
  setDown(address: string, isDown: boolean): void {
    this.host(address).isDown = isDown;
  }

  private host(address: string): Host {
    let host = this.hosts.get(address);
    if (host === undefined) {
      host = { isDown: false };
      this.hosts.set(address, host);
    }
    return host;
  }
}
