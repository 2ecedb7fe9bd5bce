import { nearestNames } from '@iec104mm2ss/config';
import { Ajv, type ErrorObject } from 'ajv';
import { isObject, merged } from './chart-values-file.js';

/**
 * What is wrong with values that are to be merged into those of a chart: settings that it has not, values of the wrong kind, and null,
 * which takes a setting out, where the chart needs one. What is missing comes from the chart.
 */
export function schemaProblems(values: unknown, schema: unknown): string[] {
  // Helm reads the schema strictly; here it is asked where a value is at fault, and what would be right there.
  const check = new Ajv({ allErrors: true, strict: false, verbose: true }).compile(schema as object);
  const said = isObject(values) ? merged(values, {}) : values;
  if (check(said)) return [];
  const errors = check.errors ?? [];
  const own = errors.filter((error) => !comesFromChart(error, values));
  return [...new Set(own.flatMap((error) => problemText(error, errors, said)))];
}

/** It is missing in what is merged into the chart, and not taken out. Nothing is merged into a list. */
function comesFromChart({ keyword, instancePath, params }: ErrorObject, values: unknown): boolean {
  if (keyword !== 'required') return false;
  let at = values;
  for (const key of keysOf(instancePath)) {
    if (Array.isArray(at)) return false;
    at = isObject(at) ? at[key] : undefined;
  }
  return isObject(at) && at[String(params['missingProperty'])] !== null;
}

/** Of one of several schemas, of which one has to fit. */
const CHOICE = /^(.*\/anyOf)\/\d+(?=\/)/;

function problemText(error: ErrorObject, all: readonly ErrorObject[], values: unknown): string[] {
  const { keyword, instancePath, schemaPath, propertyName } = error;
  // Its choices are told with it.
  if (CHOICE.test(schemaPath)) return [];
  const at = pathText(instancePath, values);
  if (keyword === 'anyOf') {
    const choices = all.filter((each) => CHOICE.exec(each.schemaPath)?.[1] === schemaPath);
    const here = choices.filter((each) => each.instancePath.startsWith(instancePath));
    const texts = here.map((each) => `${pathText(each.instancePath, values)} ${mustBe(each)}`);
    return [[...new Set(texts)].join(', or ')];
  }
  if (keyword === 'additionalProperties') return [unknownSetting(error, at)];
  // What is wrong with the name is told by an error of its own.
  if (keyword === 'propertyNames') return [];
  if (propertyName !== undefined) return [`${at}: ${JSON.stringify(propertyName)} ${mustBe(error)}`];
  // Taken out with null; else it lacks in something of a list.
  if (keyword === 'required' && !at.endsWith(']')) {
    return [`${at === '' ? '' : `${at}.`}${String(error.params['missingProperty'])} must not be empty`];
  }
  return [`${at} ${mustBe(error)}`];
}

function unknownSetting({ params, parentSchema }: ErrorObject, at: string): string {
  const key = String(params['additionalProperty']);
  const known = (parentSchema as { readonly properties?: object } | undefined)?.properties ?? {};
  const [like] = nearestNames(key, Object.keys(known));
  return `the chart has no setting ${at === '' ? key : `${at}.${key}`}${like === undefined ? '' : `; nearest: ${like}`}`;
}

function mustBe({ keyword, params, message = '', parentSchema }: ErrorObject): string {
  switch (keyword) {
    case 'type':
      return `must be ${[params['type'] as string | readonly string[]].flat().join(' or ')}`;
    case 'enum':
      return `must be one of ${(params['allowedValues'] as readonly unknown[]).map(String).join(', ')}`;
    case 'minimum':
    case 'maximum':
      return `must be ${range(parentSchema as Range)}`;
    case 'pattern':
      return `must match ${String(params['pattern'])}`;
    case 'required':
      return `lacks ${String(params['missingProperty'])}`;
    default:
      return message;
  }
}

interface Range {
  readonly minimum?: number;
  readonly maximum?: number;
}

function range({ minimum, maximum }: Range): string {
  if (maximum === undefined) return `${minimum} or more`;
  return minimum === undefined ? `${maximum} or less` : `${minimum} to ${maximum}`;
}

/** `groups.7.tolerations[0]` of `/groups/7/tolerations/0`. */
function pathText(pointer: string, values: unknown): string {
  let text = '';
  let value = values;
  for (const key of keysOf(pointer)) {
    if (Array.isArray(value)) text += `[${key}]`;
    else text += text === '' ? key : `.${key}`;
    value = (value as Readonly<Record<string, unknown>> | undefined)?.[key];
  }
  return text;
}

/** The keys of a JSON pointer (RFC 6901). */
const keysOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
