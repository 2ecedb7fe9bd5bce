import type { CaptureSegment } from '@iec104mm2ss/wire';
import { every, type Stoppable } from '@iec104mm2ss/runtime';
import { RELEASE } from '../release.js';
import { type CaptureHandler, CaptureWatch, type CaptureWatchOptions } from './capture-watch.js';
import { framesOf } from './frames.js';
import { interfaceDescription, interfaceStatistics, packet, sectionHeader } from './pcapng.js';

/** What was left out is told within this time, even if no packet follows. */
const TELL_MS = 1_000;

export interface CaptureOutput {
  /** @param blocks whole ones */
  write(blocks: Buffer): void;
  /** Nobody takes what was written: segments are left out, and counted, until it is taken. */
  full(): boolean;
}

interface Interface {
  readonly number: number;
  packets: number;
}

/** What a process has captured. */
interface Source extends Interface {
  /** By port of the RTU. */
  readonly rtus: Map<number, Interface>;
  /** By port of our own. */
  readonly masters: Map<number, Interface>;
  /** Segments that were left out, and those of them that nobody was told of yet. */
  leftOut: number;
  untold: number;
}

/** A capture of a group as a pcapng file, block by block. */
export class CaptureStream implements CaptureHandler {
  private readonly sources = new Map<string, Source>();
  private interfaces = 0;
  private readonly watch: CaptureWatch;
  private readonly telling: Stoppable;
  /** Blocks that were made and not written: a write for each of them would cost more than all else. */
  private made: Buffer[] = [];
  private ended = false;

  constructor(
    private readonly options: CaptureWatchOptions,
    private readonly output: CaptureOutput,
    /** A process does not take part, and why. */
    private readonly refused: (instance: string, reason: string) => void = () => undefined,
  ) {
    const comment =
      `Group ${options.group}: what its RTU and its masters said, without the TLS around it. Addresses, ports, octets and times ` +
      'are those of the connections; Ethernet, IP and TCP are made around them.';
    output.write(sectionHeader(`mm2ss ${RELEASE}`, comment));
    this.telling = every(options.clock, TELL_MS, () => this.tellLeftOut());
    this.watch = new CaptureWatch(options, this);
  }

  /** Ends it with what was left out. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.telling.stop();
    this.watch.stop();
    for (const source of this.sources.values()) this.writeStatistics(source);
  }

  onSource(instance: string): void {
    const before = this.sources.get(instance);
    if (before !== undefined) this.writeStatistics(before);
    // Interfaces of its own: how much passed unheard in between nobody knows.
    this.sources.delete(instance);
    this.sourceOf(instance);
  }

  onRefused(instance: string, reason: string): void {
    this.refused(instance, reason);
  }

  onSegments(instance: string, segments: readonly CaptureSegment[], leftOut: number): void {
    const source = this.sourceOf(instance);
    source.leftOut += leftOut;
    source.untold += leftOut;
    if (this.output.full()) {
      source.leftOut += segments.length;
      source.untold += segments.length;
      return;
    }
    for (const segment of segments) this.make(source, this.interfaceOf(source, instance, segment), segment);
    this.write();
  }

  private make(source: Source, on: Interface, segment: CaptureSegment): void {
    for (const { inbound, octets } of framesOf(segment)) {
      const dropped = source.untold;
      const comment = dropped > 0 ? `left out before this: ${dropped} segments` : segment.reason;
      this.made.push(packet(on.number, segment.at, octets, { inbound, comment, dropped }));
      source.untold = 0;
      source.packets++;
    }
  }

  private write(): void {
    if (this.made.length > 0) this.output.write(Buffer.concat(this.made));
    this.made = [];
  }

  private tellLeftOut(): void {
    for (const source of this.sources.values()) {
      if (source.untold > 0 && !this.output.full()) this.writeStatistics(source);
    }
  }

  private writeStatistics(source: Source): void {
    const { number, packets, leftOut } = source;
    source.untold = 0;
    this.output.write(interfaceStatistics(number, this.options.clock.wallMs(), packets + leftOut, leftOut));
  }

  private sourceOf(instance: string): Source {
    let source = this.sources.get(instance);
    if (source === undefined) {
      const { group } = this.options;
      const own = this.newInterface(instance, `group ${group}`);
      source = { ...own, rtus: new Map(), masters: new Map(), leftOut: 0, untold: 0 };
      this.sources.set(instance, source);
      this.write();
    }
    return source;
  }

  private interfaceOf({ rtus, masters }: Source, instance: string, segment: CaptureSegment): Interface {
    const { controlling, local, remote } = segment;
    const [, port] = controlling ? remote : local;
    const ports = controlling ? rtus : masters;
    let on = ports.get(port);
    if (on === undefined) {
      const [name, description] = controlling ? ['rtu', 'link to the RTU'] : ['masters', 'masters'];
      on = this.newInterface(`${instance}:${name}-${port}`, `group ${this.options.group}: ${description}`);
      ports.set(port, on);
    }
    return on;
  }

  private newInterface(name: string, description: string): Interface {
    this.made.push(interfaceDescription(name, description));
    return { number: this.interfaces++, packets: 0 };
  }
}
