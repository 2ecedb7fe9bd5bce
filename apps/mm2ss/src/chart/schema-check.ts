import { nearestNames } from '@iec104mm2ss/config';
import { isObject } from './chart-values-file.js';

/** What is read of a JSON schema; the rest is left to Helm, which reads all of it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/**
 * What is wrong with values that are to be merged into those of a chart: settings that it has not, and values of the wrong kind.
 * Null takes a setting out, and what is missing comes from the chart.
 */
export function schemaProblems(values: unknown, schema: unknown): string[] {
  return new SchemaCheck(schema as Schema).problems(values, schema as Schema, '');
}

class SchemaCheck {
  constructor(private readonly root: Schema) {}

  problems(value: unknown, schema: Schema | boolean, path: string): string[] {
    if (schema === true || value === null) return [];
    if (schema === false) return [`${path} is not allowed`];
    const { $ref, allOf = [], anyOf, oneOf } = schema;
    const all = $ref === undefined ? allOf : [this.resolved($ref), ...allOf];
    return [
      ...this.own(value, schema, path),
      ...all.flatMap((part) => this.problems(value, part, path)),
      ...this.oneOf(value, anyOf, path),
      ...this.oneOf(value, oneOf, path),
    ];
  }

  private oneOf(value: unknown, choices: readonly Schema[] | undefined, path: string): string[] {
    const found = choices?.map((choice) => this.problems(value, choice, path)) ?? [];
    if (found.length === 0 || found.some((problems) => problems.length === 0)) return [];
    return found.sort((a, b) => a.length - b.length)[0] ?? [];
  }

  private own(value: unknown, schema: Schema, path: string): string[] {
    const types = schema.type === undefined ? undefined : [schema.type].flat();
    if (types !== undefined && !types.some((type) => isOf(type, value)))
      return [`${path} must be ${types.join(' or ')}`];
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
      return [`${path} must be one of ${schema.enum.map(String).join(', ')}`];
    }
    if (typeof value === 'number') {
      const { minimum = -Infinity, maximum = Infinity } = schema;
      if (value < minimum || value > maximum) return [`${path} must be ${range(minimum, maximum)}`];
    }
    if (typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
      return [`${path} must match ${schema.pattern}`];
    }
    if (Array.isArray(value)) {
      const { items = {} } = schema;
      return value.flatMap((entry, index) => this.problems(entry, items, `${path}[${index}]`));
    }
    return isObject(value) ? Object.entries(value).flatMap(([key, entry]) => this.entry(key, entry, schema, path)) : [];
  }

  private entry(key: string, value: unknown, schema: Schema, path: string): string[] {
    const { properties = {}, patternProperties = {}, additionalProperties = true } = schema;
    const at = path === '' ? key : `${path}.${key}`;
    const matching = Object.entries(patternProperties).filter(([pattern]) => new RegExp(pattern, 'u').test(key));
    const named = Object.hasOwn(properties, key) ? properties[key] : undefined;
    const schemas = [...(named === undefined ? [] : [named]), ...matching.map(([, each]) => each)];
    if (schemas.length > 0) return schemas.flatMap((each) => this.problems(value, each, at));
    if (additionalProperties !== false) return this.problems(value, additionalProperties, at);
    const [like] = nearestNames(key, Object.keys(properties));
    return [`the chart has no setting ${at}${like === undefined ? '' : `; nearest: ${like}`}`];
  }

  private resolved(ref: string): Schema {
    const parts = ref.replace(/^#\/?/, '').split('/');
    let at: unknown = this.root;
    for (const part of parts) at = isObject(at) ? at[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
    return isObject(at) ? at : {};
  }
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function range(minimum: number, maximum: number): string {
  if (maximum === Infinity) return `${minimum} or more`;
  return minimum === -Infinity ? `${maximum} or less` : `${minimum} to ${maximum}`;
}
