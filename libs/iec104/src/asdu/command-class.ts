import { ASDU_HEADER_OCTETS, IOA_OCTETS } from './asdu-layout.js';
import { TypeId } from './type-id.js';

/** What a command can do to a station. What anybody may be allowed is said in these words. */
export type CommandClass = 'monitor' | 'control' | 'clock' | 'parameters' | 'files' | 'reset';

/** FRZ in QCC, the octet behind the IOA of C_CI_NA_1 (IEC 60870-5-101 clause 7.2.6.23); 0: the counters are only read. */
const QCC_OCTET = ASDU_HEADER_OCTETS + IOA_OCTETS;
const QCC_FREEZE_MASK = 0xc0;

/**
 * The class of an ASDU of the control direction, from its TypeID.
 *
 *     monitor     C_IC_NA_1, C_RD_NA_1, C_TS_NA_1, C_TS_TA_1; C_CI_NA_1 that only reads (FRZ = 0)
 *     control     45..51, 58..64; C_CI_NA_1 that freezes or resets counters; private types
 *     clock       C_CS_NA_1, C_CD_NA_1
 *     parameters  P_ME_NA_1 .. P_AC_NA_1
 *     files       F_FR_NA_1 .. F_SC_NB_1
 *     reset       C_RP_NA_1
 *
 * A deactivation is of the class of what it ends. Of a private type only the station knows what it does, so it counts as the
 * strongest one that is given to masters: `control`; so does every type that is none of the control direction.
 *
 * @param asdu at least its first octet
 */
export function commandClass(asdu: Uint8Array): CommandClass {
  const typeId = asdu[0] as number;
  switch (typeId) {
    case TypeId.C_IC_NA_1:
    case TypeId.C_RD_NA_1:
    case TypeId.C_TS_NA_1:
    case TypeId.C_TS_TA_1:
      return 'monitor';
    case TypeId.C_CI_NA_1:
      return ((asdu[QCC_OCTET] ?? QCC_FREEZE_MASK) & QCC_FREEZE_MASK) === 0 ? 'monitor' : 'control';
    case TypeId.C_CS_NA_1:
    case TypeId.C_CD_NA_1:
      return 'clock';
    case TypeId.C_RP_NA_1:
      return 'reset';
    default:
      if (typeId >= TypeId.P_ME_NA_1 && typeId <= TypeId.P_AC_NA_1) return 'parameters';
      return typeId >= TypeId.F_FR_NA_1 && typeId <= TypeId.F_SC_NB_1 ? 'files' : 'control';
  }
}
