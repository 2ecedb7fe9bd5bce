import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { Manifest } from './manifests.ts';

/** What swagger.json and custom resource definitions say of a value. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
}
interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const REF = '#/definitions/';

/**
 * The schemas of a release of Kubernetes and of some custom resources. Stricter than the API server, which drops fields that it
 * does not know: they are at fault here, and so is null.
 */
export class KubernetesSchemas {
  private readonly definitions: Readonly<Record<string, Schema>>;
  private readonly kinds = new Map<string, Schema>();

  /** @param folder as `tools/get kubernetes-schemas` leaves it */
  constructor(folder: string) {
    const swagger = readFileSync(path.join(folder, 'swagger.json'), 'utf8');
    this.definitions = (JSON.parse(swagger) as { definitions: Record<string, Schema> }).definitions;
    for (const schema of Object.values(this.definitions)) {
      for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? []) {
        this.kinds.set(`${group === '' ? '' : `${group}/`}${version} ${kind}`, schema);
      }
    }
    for (const file of readdirSync(folder).filter((name) => name.startsWith('crd-'))) {
      const { spec } = parse(readFileSync(path.join(folder, file), 'utf8')) as Crd;
      for (const { name, schema } of spec.versions)
        this.kinds.set(`${spec.group}/${name} ${spec.names.kind}`, schema.openAPIV3Schema);
    }
  }

  /** What is wrong with an object, with the path to it. */
  problems(manifest: Manifest): string[] {
    const { apiVersion, kind, metadata } = manifest;
    const schema = this.kinds.get(`${apiVersion} ${kind}`);
    const at = `${kind}/${metadata.name}`;
    return schema === undefined ? [`${at}: nobody knows ${apiVersion} ${kind}`] : this.check(manifest, schema, at);
  }

  private check(value: unknown, schema: Schema, at: string): string[] {
    if (schema.$ref !== undefined) {
      const name = schema.$ref.slice(REF.length);
      // The swagger file calls it a string, and numbers are taken, too.
      if (name === QUANTITY && typeof value === 'number') return [];
      return this.check(value, this.definitions[name] ?? {}, at);
    }
    if (value === null || value === undefined) return [`${at} is null`];
    const { type, enum: allowed, pattern } = schema;
    const wrong = !isOf(schema, value);
    if (wrong) return [`${at} is ${JSON.stringify(value)}, and not ${String(schema.format ?? type)}`];
    if (allowed !== undefined && !allowed.includes(value))
      return [`${at} is ${JSON.stringify(value)}: none of ${allowed.join(', ')}`];
    if (pattern !== undefined && typeof value === 'string' && !new RegExp(pattern).test(value))
      return [`${at}: ${pattern}`];
    if (Array.isArray(value))
      return value.flatMap((entry, index) => this.check(entry, schema.items ?? {}, `${at}[${index}]`));
    return typeof value === 'object' ? this.fields(value as Record<string, unknown>, schema, at) : [];
  }

  private fields(value: Record<string, unknown>, schema: Schema, at: string): string[] {
    const { properties, additionalProperties, required = [] } = schema;
    const missing = required.filter((name) => !(name in value)).map((name) => `${at}.${name} is missing`);
    const open = schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true;
    const known = Object.entries(value).flatMap(([name, field]) => {
      const inner = properties?.[name] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
      if (inner !== undefined) return this.check(field, inner, `${at}.${name}`);
      // An object of which nothing is said may have anything in it.
      return open || (properties === undefined && additionalProperties === undefined)
        ? []
        : [`${at}: there is no field ${name}`];
    });
    return [...missing, ...known];
  }
}

function isOf(schema: Schema, value: unknown): boolean {
  if (schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string') {
    return typeof value === 'string' || Number.isInteger(value);
  }
  switch (schema.type) {
    case undefined:
      return true;
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && !Array.isArray(value);
    default:
      return typeof value === schema.type;
  }
}
