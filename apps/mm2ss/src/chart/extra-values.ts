import { FROM_FILE, type YamlObject } from '@iec104mm2ss/chart';
import { nearestNames } from '@iec104mm2ss/config';
import { readFile } from 'node:fs/promises';
import { YAMLParseError } from 'yaml';
import { UsageError } from '../commands/errors.js';
import { isObject, mergedKeepingNull, parsedValues } from './chart-values-file.js';
import { schemaProblems } from './schema-check.js';

/** What only the configuration file says. */
const GENERATED = ['csv', 'csvDigest', 'groupsDigest', 'skipped', 'natsUsers'];

/**
 * The values of files of the user, later ones above earlier ones.
 *
 * @param ids groups of the configuration: what is said of others would be of no effect
 * @param schema of the chart's values
 */
export async function checkedExtras(
  files: readonly string[],
  ids: readonly string[],
  schema: unknown,
): Promise<YamlObject> {
  let extras: YamlObject = {};
  // A null of a later file takes out what the chart has, too: it is kept.
  for (const file of files) extras = mergedKeepingNull(extras, await readExtra(file, ids, schema));
  return extras;
}

async function readExtra(file: string, ids: readonly string[], schema: unknown): Promise<YamlObject> {
  const refuse = (reason: string): UsageError => new UsageError(`chart: --values ${file}: ${reason}`);
  const values = parsed(await textOf(file, refuse), refuse);
  const generated = GENERATED.find((key) => Object.hasOwn(values, key));
  if (generated !== undefined) throw refuse(`${generated} comes from the configuration file`);
  const { groups = {} } = values;
  if (!isObject(groups)) throw refuse('groups must be a mapping by the ids of groups');
  for (const id of Object.keys(groups)) {
    if (ids.includes(id)) continue;
    const [like] = nearestNames(id, ids);
    throw refuse(`groups: the file has no group ${id}${like === undefined ? '' : `; nearest: ${like}`}`);
  }
  for (const [id, group] of Object.entries(groups)) {
    if (!isObject(group))
      throw refuse(`groups.${id} must be a mapping: the group itself comes from the configuration file`);
    const fromFile = FROM_FILE.find((key) => Object.hasOwn(group, key));
    if (fromFile !== undefined) throw refuse(`groups.${id}.${fromFile} comes from the configuration file`);
  }
  const problems = schemaProblems(values, schema);
  if (problems.length > 0) throw refuse(problems.join('; '));
  return values;
}

function parsed(text: string, refuse: (reason: string) => UsageError): YamlObject {
  let values: unknown;
  try {
    values = parsedValues(text) ?? {};
  } catch (error) {
    if (error instanceof YAMLParseError) throw refuse(error.message.split('\n')[0] ?? 'is no YAML');
    throw error;
  }
  if (!isObject(values)) throw refuse('is no mapping of settings');
  return values;
}

async function textOf(file: string, refuse: (reason: string) => UsageError): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw refuse(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
