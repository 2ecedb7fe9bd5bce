/** A bundle of one CommonJS file, as a single executable application of Node.js needs it. */
import { rolldown } from 'rolldown';
import { inputOptions } from './options.mjs';

/**
 * @param {string} entry path of a file that tsc has built
 * @returns {Promise<{ code: string, modules: string[] }>} the text, which is ASCII, and the ids of the modules in it
 */
export async function singleFile(entry) {
  const build = await rolldown(inputOptions(entry));
  const { output } = await build.generate({ format: 'cjs', charset: 'ascii', comments: false, codeSplitting: false });
  const [chunk] = output;
  return { code: chunk.code, modules: chunk.moduleIds };
}
