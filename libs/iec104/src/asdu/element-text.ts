import type { ElementFields, ElementKind, FileQualifier, PointQuality, ProtectionQuality } from './element.js';
import { toHex } from './hex.js';
import {
  coiText,
  doubleCommandName,
  doublePointName,
  frzText,
  kpaText,
  qlText,
  qoiText,
  qpaText,
  qrpText,
  quText,
  rqtText,
  stepCommandName,
  TEST_PATTERN,
} from './qualifiers.js';
import { cp24ToText, cp56ToIso } from './time-tag.js';
import type { Cp56Time } from './time-tag.js';

const WEEKDAYS = ['not used', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** `IV=1 NT=0`: the named bits in the order given. */
function bits(flags: Record<string, boolean>): string {
  const parts: string[] = [];
  for (const name of Object.keys(flags)) parts.push(`${name.toUpperCase()}=${flags[name] ? 1 : 0}`);
  return parts.join(' ');
}

function reservedText(reserved: number | undefined): string {
  return reserved === undefined ? '' : `, reserved bits 0x${reserved.toString(16).padStart(2, '0')}`;
}

function pointQualityText({ iv, nt, sb, bl, reserved }: PointQuality): string {
  return bits({ iv, nt, sb, bl }) + reservedText(reserved);
}

function protectionQualityText({ iv, nt, sb, bl, ei, reserved }: ProtectionQuality): string {
  return bits({ iv, nt, sb, bl, ei }) + reservedText(reserved);
}

function selectText(select: boolean): string {
  return select ? 'S/E=1 select' : 'S/E=0 execute';
}

function fileQualifierText(name: string, { action, error }: FileQualifier): string {
  return `${name} action ${action}, error ${error}`;
}

function cp56Text(name: string, time: Cp56Time): string {
  const iso = cp56ToIso(time);
  const { year, month, day, hour, minute, milliseconds, dayOfWeek, iv, su, substituted } = time;
  const reading =
    iso ?? `no calendar time (year ${year} month ${month} day ${day} hour ${hour} minute ${minute} ms ${milliseconds})`;
  const flags = `${bits({ iv, su, res1: substituted })}, day of week ${dayOfWeek} ${WEEKDAYS[dayOfWeek] ?? ''}`;
  return `${name} ${reading} ${flags}${reservedText(time.reserved)}`;
}

/** What an element says, in words and bits. */
export const ELEMENT_TEXTS: { readonly [Kind in ElementKind]: (fields: ElementFields[Kind]) => string } = {
  SIQ: ({ value, quality }) => `SIQ SPI=${value ? '1 ON' : '0 OFF'}, ${pointQualityText(quality)}`,
  DIQ: ({ value, quality }) => `DIQ DPI=${value} ${doublePointName(value)}, ${pointQualityText(quality)}`,
  VTI: ({ value, transient }) => `VTI value ${value}, ${transient ? 'T=1 in transient state' : 'T=0'}`,
  BSI: ({ value }) => `BSI value 0x${value.toString(16).padStart(8, '0')} (bit 31 first: ${binary(value, 32)})`,
  NVA: ({ value }) => `NVA value ${value} (${value * 32768} / 32768)`,
  SVA: ({ value }) => `SVA value ${value}`,
  R32: ({ value, valueBits }) =>
    `R32 value ${value}` + (valueBits === undefined ? '' : ` (bits 0x${valueBits.toString(16).padStart(8, '0')})`),
  QDS: ({ quality: { iv, nt, sb, bl, ov, reserved } }) =>
    `QDS ${bits({ iv, nt, sb, bl, ov })}${reservedText(reserved)}`,
  BCR: ({ value, sequence, quality: { iv, ca, cy } }) =>
    `BCR counter ${value}, sequence ${sequence}, ${bits({ iv, ca, cy })}`,
  SEP: ({ value, quality }) => `SEP ES=${value} ${doublePointName(value)}, ${protectionQualityText(quality)}`,
  SPE: ({ value: { reserved, ...flags } }) => `SPE ${bits(flags)}${reservedText(reserved)}`,
  OCI: ({ value: { reserved, ...flags } }) => `OCI ${bits(flags)}${reservedText(reserved)}`,
  QDP: ({ quality }) => `QDP ${protectionQualityText(quality)}`,
  SCD: ({ value, changed }) => `SCD ST ${binary(value, 16)}, CD ${binary(changed, 16)} (bit 15 first)`,
  SCO: ({ value, qu, select, reserved }) =>
    `SCO SCS=${value ? '1 ON' : '0 OFF'}, QU=${qu} ${quText(qu)}, ${selectText(select)}${reservedText(reserved)}`,
  DCO: ({ value, qu, select }) =>
    `DCO DCS=${value} ${doubleCommandName(value)}, QU=${qu} ${quText(qu)}, ${selectText(select)}`,
  RCO: ({ value, qu, select }) =>
    `RCO RCS=${value} ${stepCommandName(value)}, QU=${qu} ${quText(qu)}, ${selectText(select)}`,
  QOS: ({ ql, select }) => `QOS QL=${ql} ${qlText(ql)}, ${selectText(select)}`,
  CP56: ({ time }) => cp56Text('CP56Time2a', time),
  CP24: ({ time }) => `CP24Time2a ${cp24ToText(time)} ${bits({ iv: time.iv, res1: time.substituted })}`,
  CP16: ({ elapsedMs }) => `CP16Time2a ${elapsedMs} ms`,
  COI: ({ coi, parametersChanged }) =>
    `COI ${coi} ${coiText(coi)}, local parameters ${parametersChanged ? 'changed' : 'unchanged'}`,
  QOI: ({ qoi }) => `QOI ${qoi} ${qoiText(qoi)}`,
  QCC: ({ rqt, frz }) => `QCC RQT=${rqt} ${rqtText(rqt)}, FRZ=${frz} ${frzText(frz)}`,
  QRP: ({ qrp }) => `QRP ${qrp} ${qrpText(qrp)}`,
  FBP: ({ pattern }) =>
    `FBP 0x${pattern.toString(16).padStart(4, '0')} ${pattern === TEST_PATTERN ? 'test pattern' : 'not the test pattern'}`,
  TSC: ({ counter }) => `TSC test sequence counter ${counter}`,
  QPM: ({ kpa, lpc, pop }) => `QPM KPA=${kpa} ${kpaText(kpa)}, ${bits({ lpc, pop })}`,
  QPA: ({ qpa }) => `QPA ${qpa} ${qpaText(qpa)}`,
  NOF: ({ nof }) => `NOF name of file ${nof}`,
  LOF: ({ lof }) => `LOF length ${lof} octets`,
  NOS: ({ nos }) => `NOS name of section ${nos}`,
  FRQ: ({ frq, refused }) => `FRQ ${frq}, ${refused ? 'negative' : 'positive'} confirmation`,
  SRQ: ({ srq, notReady }) => `SRQ ${srq}, section ${notReady ? 'not ready' : 'ready'}`,
  SCQ: ({ scq }) => fileQualifierText('SCQ', scq),
  LSQ: ({ lsq }) => `LSQ ${lsq}`,
  CHS: ({ chs }) => `CHS checksum ${chs}`,
  AFQ: ({ afq }) => fileQualifierText('AFQ', afq),
  SEG: ({ segment }) => `LOS ${segment.length} octets of segment: ${toHex(segment)}`,
  SOF: ({ sof: { status, last, directory, active } }) =>
    `SOF status ${status}, ${bits({ lfd: last, for: directory, fa: active })}`,
  RANGE_START: ({ start }) => cp56Text('range start CP56Time2a', start),
  RANGE_STOP: ({ stop }) => cp56Text('range stop CP56Time2a', stop),
};

function binary(value: number, digits: number): string {
  return value.toString(2).padStart(digits, '0');
}
