import { hasNoRights, notAllowed, type Rights, rightsOf, type RightsPeer, type RightsTable } from '@iec104mm2ss/config';
import { AsduView, commandClass, commandObjects, TypeId } from '@iec104mm2ss/iec104';
import type { LiveRow } from './live-row.js';

/** Who gives commands, as far as its rights depend on it. */
export interface RightsHolder {
  readonly address: string;
  /** From the `masters` column. */
  readonly name: string | null;
  /** The one of `certificateNames` that is shown. */
  readonly certificateName: string | null;
  /** What its certificate says of itself, each as `kind:value`; empty without TLS. */
  readonly certificateNames?: readonly string[] | undefined;
}

/** What was found out for a session, and from what. */
interface Known {
  readonly table: RightsTable;
  readonly name: string | null;
  readonly rights: readonly Rights[];
}

/** What the masters of a group may do, by the column `rights` that is in force. */
export class MasterRights {
  /** Addresses are not looked up for each command. */
  private readonly known = new WeakMap<RightsHolder, Known>();

  constructor(private readonly row: LiveRow) {}

  /** Why this command is not allowed to it, in words; undefined: it is. Every object is looked at. */
  problemOf(asdu: Uint8Array, holder: RightsHolder): string | undefined {
    const { typeId, ca } = new AsduView(asdu);
    // From 127 on only the station knows which objects an ASDU is about.
    const opaque = typeId >= TypeId.F_SC_NB_1;
    const ioas = commandObjects(asdu).map(({ ioa }) => ioa);
    return notAllowed(this.of(holder), { class: commandClass(asdu), ca, ioas, opaque });
  }

  mayControl(ca: number, ioa: number, holder: RightsHolder): boolean {
    return notAllowed(this.of(holder), { class: 'control', ca, ioas: [ioa], opaque: false }) === undefined;
  }

  /** False: it may not even be connected. */
  any(holder: RightsHolder): boolean {
    return !hasNoRights(this.of(holder));
  }

  private of(holder: RightsHolder): readonly Rights[] {
    const { rights: table } = this.row.config;
    const { name } = holder;
    const before = this.known.get(holder);
    if (before !== undefined && before.table === table && before.name === name) return before.rights;
    const rights = rightsOf(table, peerOf(holder));
    this.known.set(holder, { table, name, rights });
    return rights;
  }
}

/** As the table of rights wants it. */
export function peerOf({ address, name, certificateNames = [] }: RightsHolder): RightsPeer {
  return { identities: certificateNames, address, name };
}
