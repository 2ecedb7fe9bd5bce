import { apduEnd, ApduFramer, UFunction } from '@iec104mm2ss/iec104';
import { readPackets } from './packets.js';
import { isLinkTypeKnown, tcpSegment, type TcpSegment } from './segments.js';

/** What an RTU said in a capture, on one connection after the other. */
export interface CapturedRtu {
  /** `address:port` where it listened. */
  readonly at: string;
  readonly asdus: readonly { readonly timeMs: number; readonly asdu: Uint8Array }[];
  /** Connections whose data is in `asdus`, and those at the same time as one of these, which is not. */
  readonly connections: number;
  readonly leftOut: number;
  /** Times at which octets are missing in the capture. */
  readonly gaps: number;
}

/** The RTUs of a capture file, and what of it could not be read, a sentence each. */
export interface CapturedRtus {
  readonly rtus: readonly CapturedRtu[];
  readonly remarks: readonly string[];
}

const APCI_OCTETS = 6;
const START_OCTET = 0x68;
/** STARTDT con and STOPDT con; either end confirms TESTFR. */
const STATION_CONFIRMATIONS: readonly number[] = [UFunction.STARTDT_CON, UFunction.STOPDT_CON];
/** Type ID 44 is the last one of process information in monitor direction. */
const LAST_MONITORED = 44;
/** Segments that may wait for one before them; then it is missing in the capture. */
const MAX_WAITING = 64;

/**
 * The RTUs of a capture: who sent APDUs from `port`.
 *
 * @throws CaptureError
 */
export function capturedRtus(file: Uint8Array, port: number): CapturedRtus {
  const rtus = new Map<string, Flow[]>();
  const { packets, cutOff } = readPackets(file);
  const unknown = packets.filter(({ linkType }) => !isLinkTypeKnown(linkType));
  const otherPorts = new Set<number>();
  let short = 0;
  for (const packet of packets) {
    const segment = tcpSegment(packet);
    if (segment === undefined) continue;
    if (segment.missing > 0) short++;
    if (isOfStation(segment.payload)) otherPorts.add(segment.fromPort);
    if (segment.fromPort !== port) continue;
    const flows = rtus.get(segment.from) ?? [];
    rtus.set(segment.from, flows);
    let flow = flows.findLast(({ to }) => to === segment.to);
    if (flow === undefined || segment.syn) {
      flow = new Flow(segment.to);
      flows.push(flow);
    }
    flow.take(segment);
  }
  const found = [...rtus].map(([at, flows]) => captured(at, flows)).filter(({ asdus }) => asdus.length > 0);
  const remarks = [
    cutOff && 'the file ends in the middle of a packet',
    unknown.length > 0 && `${unknown.length} packets are of link type ${unknown[0]?.linkType}, which is not understood`,
    short > 0 && `${short} packets were not captured to their end: capture them whole (snapshot length)`,
    found.length === 0 && otherPorts.size > 0 && `APDUs come from port ${[...otherPorts].join(', ')}`,
  ];
  return { rtus: found, remarks: remarks.filter((remark) => remark !== false) };
}

function captured(at: string, flows: readonly Flow[]): CapturedRtu {
  const used: Flow[] = [];
  for (const flow of flows) flow.end();
  const speaking = flows.filter(({ asdus }) => asdus.length > 0);
  for (const flow of speaking) {
    const before = used.at(-1)?.asdus.at(-1)?.timeMs ?? -Infinity;
    if ((flow.asdus[0]?.timeMs ?? 0) >= before) used.push(flow);
  }
  return {
    at,
    asdus: used.flatMap(({ asdus }) => asdus),
    connections: used.length,
    leftOut: speaking.length - used.length,
    gaps: used.reduce((sum, { gaps }) => sum + gaps, 0),
  };
}

/** Whether a segment begins with what only a controlled station sends: a confirmation of the link, or monitored data. */
function isOfStation(payload: Uint8Array): boolean {
  const [start, , control = 0] = payload;
  if (start !== START_OCTET) return false;
  const isInformation = (control & 1) === 0;
  return isInformation ? (payload[APCI_OCTETS] ?? 255) <= LAST_MONITORED : STATION_CONFIRMATIONS.includes(control);
}

/** One direction of a TCP connection, put in order. */
class Flow {
  readonly asdus: { timeMs: number; asdu: Uint8Array }[] = [];
  gaps = 0;
  private framer = new ApduFramer();
  private next: number | undefined;
  private waiting: TcpSegment[] = [];

  constructor(readonly to: string) {}

  take(segment: TcpSegment): void {
    if (segment.syn) {
      this.next = (segment.sequence + 1) >>> 0;
      return;
    }
    if (segment.payload.length + segment.missing === 0) return;
    this.next ??= segment.sequence;
    this.waiting.push(segment);
    this.drain();
    if (this.waiting.length > MAX_WAITING) this.skip();
  }

  /** Nothing follows: what still waits will not be completed any more. */
  end(): void {
    while (this.waiting.length > 0) this.skip();
  }

  /** Goes on behind what is missing. */
  private skip(): void {
    this.gaps++;
    this.waiting.sort((a, b) => distance(this.next, a.sequence) - distance(this.next, b.sequence));
    this.next = this.waiting[0]?.sequence;
    // The rest of an APDU that is missing must not be read out of what follows.
    this.framer = new ApduFramer();
    this.drain();
  }

  private drain(): void {
    for (;;) {
      const at = this.waiting.findIndex(({ sequence }) => distance(this.next, sequence) <= 0);
      const [segment] = at < 0 ? [] : this.waiting.splice(at, 1);
      if (segment === undefined) return;
      const known = -distance(this.next, segment.sequence);
      if (known >= segment.payload.length + segment.missing) continue;
      this.next = (segment.sequence + segment.payload.length + segment.missing) >>> 0;
      this.read(segment.payload.subarray(known), segment.timeMs);
      if (segment.missing > 0) {
        this.gaps++;
        this.framer = new ApduFramer();
      }
    }
  }

  private read(payload: Uint8Array, timeMs: number): void {
    const octets = this.framer.feed(new Uint8Array(payload));
    for (let at = 0; at < octets.length;) {
      const end = apduEnd(octets, at);
      const isInformation = ((octets[at + 2] ?? 1) & 1) === 0;
      if (isInformation) this.asdus.push({ timeMs, asdu: new Uint8Array(octets.subarray(at + APCI_OCTETS, end)) });
      at = end;
    }
    if (this.framer.error !== undefined) {
      this.gaps++;
      this.framer = new ApduFramer();
    }
  }
}

/** How far `to` is behind `from` on the circle of 2^32 sequence numbers; negative: before it. */
function distance(from: number | undefined, to: number): number {
  return (to - (from ?? to)) | 0;
}
