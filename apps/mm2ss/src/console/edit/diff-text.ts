import { decodeFile } from '@iec104mm2ss/config';

/** What differs, line by line, as a unified diff without lines around it. Both have the same number of lines. */
export function diffText(path: string, before: Uint8Array, after: Uint8Array): string {
  const [old = [], changed = []] = [before, after].map((octets) => decodeFile(octets).text?.split(/\r\n|\n|\r/));
  const hunks = changed.flatMap((line, index) =>
    line === old[index] ? [] : [`@@ -${index + 1} +${index + 1} @@`, `-${old[index] ?? ''}`, `+${line}`],
  );
  return hunks.length === 0 ? '' : `${[`--- ${path}`, `+++ ${path}`, ...hunks].join('\n')}\n`;
}
