import type { MeasurandQuality, PointQuality, ProtectionQuality } from './element.js';
import { bit, checkedObject, reservedBits } from './fields.js';

/*
 * Quality bits, which SIQ, DIQ, QDS, QDP and SEP share (clauses 7.2.6.1 to 7.2.6.4, 7.2.6.10). Which low bits are
 * reserved differs, so each element passes its own mask.
 */

const IV = 0x80;
const NT = 0x40;
const SB = 0x20;
const BL = 0x10;
const EI = 0x08;
const OV = 0x01;

export function pointQuality(octet: number, reservedMask: number): PointQuality {
  const quality: PointQuality = {
    iv: (octet & IV) !== 0,
    nt: (octet & NT) !== 0,
    sb: (octet & SB) !== 0,
    bl: (octet & BL) !== 0,
  };
  if ((octet & reservedMask) !== 0) quality.reserved = octet & reservedMask;
  return quality;
}

export function pointQualityOctet(quality: Partial<PointQuality> | undefined, reservedMask: number): number {
  if (quality === undefined) return 0;
  const { iv, nt, sb, bl, reserved } = checkedObject('quality', quality);
  return (
    bit('iv', iv, IV) | bit('nt', nt, NT) | bit('sb', sb, SB) | bit('bl', bl, BL) | reservedBits(reserved, reservedMask)
  );
}

export function protectionQuality(octet: number, reservedMask: number): ProtectionQuality {
  return { ...pointQuality(octet, reservedMask), ei: (octet & EI) !== 0 };
}

export function protectionQualityOctet(quality: Partial<ProtectionQuality> | undefined, reservedMask: number): number {
  return pointQualityOctet(quality, reservedMask) | bit('ei', quality?.ei, EI);
}

export function measurandQuality(octet: number): MeasurandQuality {
  return { ...pointQuality(octet, 0x0e), ov: (octet & OV) !== 0 };
}

export function measurandQualityOctet(quality: Partial<MeasurandQuality> | undefined): number {
  return pointQualityOctet(quality, 0x0e) | bit('ov', quality?.ov, OV);
}
