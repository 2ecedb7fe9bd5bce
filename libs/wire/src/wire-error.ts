/** Why a message or a stored value was not understood. */
export type WireErrorCode =
  /** Fewer octets than its fixed part has. */
  | 'SHORT'
  /** A version that this release does not know. */
  | 'VERSION'
  /** A kind or outcome that this release does not know. */
  | 'KIND'
  /** Its length, or the APDUs in it, do not fit what it says of itself. */
  | 'LENGTH'
  /** A number out of its range. */
  | 'VALUE'
  /** No JSON, or not what the schema asks for. */
  | 'JSON';

/** What every decoder of this library returns instead of a value it cannot give. It is never thrown by one. */
export class WireError extends Error {
  constructor(
    readonly code: WireErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'WireError';
  }
}

/** What a decoder returns: the value, or why there is none. */
export type Decoded<T> = T | WireError;
