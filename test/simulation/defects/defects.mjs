/**
 * Mistakes that this product once had, put back: each is a patch of today's sources, or of the simulation's own fakes, and
 * some story must find it. `runner/sources.mjs` applies the one that SIM_DEFECT names when a file is loaded.
 *
 * A patch replaces `find`, which must be in its file exactly once: whoever changes that place changes the patch with it.
 */
import { fileURLToPath } from 'node:url';
import { BUS_DEFECTS } from './bus-defects.mjs';
import { COMMAND_DEFECTS } from './command-defects.mjs';
import { CONNECTOR_DEFECTS } from './connector-defects.mjs';
import { SESSION_DEFECTS } from './session-defects.mjs';

/** @type {readonly import('./defects.mjs').Defect[]} */
export const DEFECTS = [...BUS_DEFECTS, ...SESSION_DEFECTS, ...COMMAND_DEFECTS, ...CONNECTOR_DEFECTS];

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** @param {string} id */
export function defectOf(id) {
  const defect = DEFECTS.find((each) => each.id === id);
  if (defect === undefined)
    throw new Error(`no such defect: ${id}; there are ${DEFECTS.map((each) => each.id).join(', ')}`);
  return defect;
}

/**
 * The text of a file with the patches for it.
 *
 * @param {readonly import('./defects.mjs').Patch[]} patches
 * @param {string} file from the root of the repository
 * @param {string} text
 */
export function apply(patches, file, text) {
  let result = text;
  for (const patch of patches) {
    if (patch.file !== file) continue;
    const parts = result.split(patch.find);
    if (parts.length !== 2) {
      throw new Error(
        `${file} has the following ${parts.length - 1} times instead of once, see defects/README.md:\n${patch.find}`,
      );
    }
    result = parts.join(patch.replace);
  }
  return result;
}

/**
 * @param {string} fileName absolute
 * @param {string} text
 */
export function patched(fileName, text) {
  const id = process.env.SIM_DEFECT;
  if (id === undefined || id === '') return text;
  return apply(defectOf(id).patches, fileName.slice(ROOT.length), text);
}
