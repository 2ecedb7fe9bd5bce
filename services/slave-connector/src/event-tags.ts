import {
  ASDU_CAUSE_OFFSET,
  ASDU_HEADER_OCTETS,
  ASDU_VSQ_OFFSET,
  Cause,
  COT_CAUSE_MASK,
  CP56_OCTETS,
  cp56ToEpochMs,
  decodeCp56,
  IOA_OCTETS,
  isCommandAnswer,
  isInterrogated,
  LAST_MONITOR_TYPE,
  typeInfo,
  VSQ_COUNT_MASK,
  VSQ_SQ_BIT,
} from '@iec104mm2ss/iec104';

/** The earliest and the latest time tag of one ASDU, ms since 1970-01-01 by the RTU's clock. */
export interface TagRange {
  readonly earliest: number;
  readonly latest: number;
}

/**
 * The time tags by which an event can be told from another one: CP56Time2a that names an instant, with IV = 0, on every
 * object. Undefined for everything else: CP24Time2a comes again every hour, and answers are no events.
 */
export function eventTags(asdu: Uint8Array): TagRange | undefined {
  const info = typeInfo(asdu[0] as number);
  if (info === undefined || info.typeId > LAST_MONITOR_TYPE || info.timeTag !== 'CP56' || isAnswer(asdu)) {
    return undefined;
  }
  const vsq = asdu[ASDU_VSQ_OFFSET] as number;
  const count = vsq & VSQ_COUNT_MASK;
  const sequence = (vsq & VSQ_SQ_BIT) !== 0;
  const first = ASDU_HEADER_OCTETS + (sequence ? IOA_OCTETS : 0);
  const stride = info.elementOctets + (sequence ? 0 : IOA_OCTETS);
  if (count === 0 || asdu.length !== first + count * stride) return undefined;
  let earliest = Infinity;
  let latest = -Infinity;
  // The tag is the last element of its object.
  for (let end = first + stride; end <= asdu.length; end += stride) {
    const time = decodeCp56(asdu, end - CP56_OCTETS);
    const at = time.iv ? undefined : cp56ToEpochMs(time);
    if (at === undefined) return undefined;
    earliest = Math.min(earliest, at);
    latest = Math.max(latest, at);
  }
  return { earliest, latest };
}

/** True for what somebody asked for: commands mirrored, and answers to interrogations and reads. */
export function isAnswer(asdu: Uint8Array): boolean {
  const cot = (asdu[ASDU_CAUSE_OFFSET] as number) & COT_CAUSE_MASK;
  return cot === Cause.REQ || isCommandAnswer(cot) || isInterrogated(cot);
}
