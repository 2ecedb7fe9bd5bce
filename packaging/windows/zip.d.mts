/** Files, or octets, by their paths in the folder; `seconds` since 1970 is the time of all. The same give the same octets. */
export function zip(folder: string, files: Record<string, string | Uint8Array>, seconds: number): Uint8Array;
