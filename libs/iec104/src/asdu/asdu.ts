import type { ElementFields, ElementKind } from './element.js';
import type { TypeId, TypeName } from './type-id.js';
import type { LAYOUTS } from './type-table.js';

/** The data unit identifier of an ASDU, without VSQ's number of objects. */
export interface AsduHeader {
  /** Objects follow as a sequence behind one IOA (SQ = 1). */
  sq: boolean;
  /** Cause of transmission 0..63; `causeName` gives its name. */
  cot: number;
  /** P/N: negative confirmation. */
  negative: boolean;
  /** T: test. */
  test: boolean;
  /** Originator address 0..255; 0 = not used. */
  oa: number;
  /** Common address 0..65535. */
  ca: number;
}

type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (member: infer All) => void
  ? All
  : never;

/** The fields that the elements `Kind` give an object together; `unknown` (no fields) for a type without elements. */
type FieldsOf<Kind extends ElementKind> = [Kind] extends [never] ? unknown : Intersection<ElementFields[Kind]>;

type Flat<T> = { [Key in keyof T]: T[Key] };

/** A decoded information object of the type `Name`: its address and the fields of its elements. */
export type InformationObject<Name extends TypeName = TypeName> = Name extends TypeName
  ? Flat<{ ioa: number } & FieldsOf<(typeof LAYOUTS)[Name][number]>>
  : never;

/** An ASDU of the known type `Name`. Narrow by `type` to know the fields of its objects. */
export type KnownAsdu<Name extends TypeName = TypeName> = Name extends TypeName
  ? Flat<AsduHeader & { type: Name; typeId: (typeof TypeId)[Name]; objects: InformationObject<Name>[] }>
  : never;

/** An ASDU of a reserved or private type: nothing behind the data unit identifier is interpreted. */
export interface OpaqueAsdu extends AsduHeader {
  type: 'OPAQUE';
  typeId: number;
  /** Number of objects as VSQ says, 0..127. */
  count: number;
  /** All octets behind the data unit identifier, IOA included; a copy. */
  opaque: Uint8Array;
}

/** A decoded ASDU: `asdu.type === 'M_ME_TF_1'` makes `asdu.objects[0].value` a number. */
export type Asdu = KnownAsdu | OpaqueAsdu;

/** Fields an encoder may be spared, and what they are then: false or 0 in all bits. */
type SparedFields = 'quality' | 'qu' | 'ql' | 'select' | 'sequence' | 'transient' | 'parametersChanged' | 'changed';

export type InputOf<Fields> = Fields extends unknown
  ? Flat<
      Omit<Fields, SparedFields> & {
        [Key in keyof Fields as Key extends SparedFields ? Key : never]?: Key extends 'quality'
          ? Partial<Fields[Key]>
          : Fields[Key];
      }
    >
  : never;

/** An information object to encode: as `InformationObject`, with quality and qualifier fields optional. */
export type ObjectInput<Name extends TypeName = TypeName> = Name extends TypeName
  ? InputOf<InformationObject<Name>>
  : never;

/** An ASDU of a known type to encode: as `KnownAsdu`, but only type, cause, CA and objects are required. */
export type KnownAsduInput<Name extends TypeName = TypeName> = Name extends TypeName
  ? Partial<AsduHeader> & {
      type: Name;
      typeId?: (typeof TypeId)[Name];
      cot: number;
      ca: number;
      objects: readonly ObjectInput<Name>[];
    }
  : never;

/** What `encodeAsdu` takes; every decoded `Asdu` is one. */
export type AsduInput = KnownAsduInput | OpaqueAsdu;
