import type { World } from '../world/world.ts';
import type { Path } from './paths.ts';
import { Pipe } from './pipe.ts';

/** The process's end of a connection hears of it through this. */
export interface EndpointUser {
  readable(): void;
  room(): void;
  reset(): void;
}

/**
 * One end of a TCP connection, as the operating system has it: it lives on when its process does not, and sends what it
 * was given.
 */
export class Endpoint {
  user: EndpointUser | undefined;
  /** The process wants nothing more of it, or is gone. */
  closed = false;
  wasReset = false;
  private shut = false;
  private other: Endpoint | undefined;
  private pipe: Pipe | undefined;

  constructor(
    readonly address: string,
    readonly port: number,
  ) {}

  /** Connects two ends. */
  static join(world: World, path: Path, a: Endpoint, b: Endpoint): void {
    a.other = b;
    b.other = a;
    a.pipe = new Pipe(world, path, a, b);
    b.pipe = new Pipe(world, path, b, a);
  }

  get peer(): Endpoint | undefined {
    return this.other;
  }

  get outgoing(): Pipe | undefined {
    return this.pipe;
  }

  get incoming(): Pipe | undefined {
    return this.other?.pipe;
  }

  send(octets: Buffer): number {
    return this.wasReset ? octets.length : (this.pipe?.push(octets) ?? 0);
  }

  /** Nothing more will be sent. */
  finish(): void {
    if (this.shut) return;
    this.shut = true;
    this.pipe?.finish();
  }

  /** The process closes it, or ends: what was not read makes it a reset. */
  close(): void {
    if (this.closed) return;
    if ((this.incoming?.unread ?? 0) > 0) this.reset();
    else {
      this.closed = true;
      this.finish();
    }
  }

  reset(): void {
    if (this.closed && this.wasReset) return;
    this.closed = true;
    this.wasReset = true;
    this.pipe?.reset();
  }

  /** Its machine is gone. */
  vanish(): void {
    this.closed = true;
    this.wasReset = true;
    this.pipe?.dropAll();
  }

  // ---- from the network ---------------------------------------------------------------------------------------------

  onReadable(): void {
    if (!this.closed) this.user?.readable();
  }

  onRoom(): void {
    if (!this.closed) this.user?.room();
  }

  onReset(): void {
    this.wasReset = true;
    this.pipe?.dropAll();
    if (!this.closed) this.user?.reset();
  }

  /** Octets came for a process that is not there any more. */
  refuseData(): void {
    this.pipe?.reset();
  }
}
