import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { parse } from 'yaml';
import type { Manifest } from './manifests.ts';

/** What swagger.json and custom resource definitions say of a value. */
interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly pattern?: string;
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

const SWAGGER = 'swagger';
const INT_OR_STRING = { type: ['integer', 'string'] };
/** swagger.json calls it a string, and numbers are taken, too. */
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const LARGEST_INT32 = 2_147_483_647;

/**
 * The schemas of a release of Kubernetes and of some custom resources. Stricter than the API server, which drops fields that it
 * does not know: they are at fault here, and so is null.
 */
export class KubernetesSchemas {
  private readonly ajv = new Ajv({
    ...{ strict: true, allowUnionTypes: true, allErrors: true },
    formats: {
      int32: { type: 'number', validate: (value: number) => Math.abs(value) <= LARGEST_INT32 },
      int64: { type: 'number', validate: Number.isSafeInteger },
      double: { type: 'number', validate: Number.isFinite },
      byte: /^[\w+/]*={0,2}$/,
      'date-time': /^\d{4}-\d\d-\d\dT/,
    },
    code: { regExp: goRegExp },
  });
  /** By `apiVersion kind`, where its schema is. */
  private readonly kinds = new Map<string, string>();

  /** @param folder as `tools/get kubernetes-schemas` leaves it */
  constructor(folder: string) {
    const swagger = JSON.parse(readFileSync(path.join(folder, 'swagger.json'), 'utf8')) as {
      readonly definitions: Readonly<Record<string, Schema>>;
    };
    const definitions = Object.entries(swagger.definitions).map(([name, schema]) => {
      for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? []) {
        this.kinds.set(`${group === '' ? '' : `${group}/`}${version} ${kind}`, `${SWAGGER}#/definitions/${name}`);
      }
      return [name, name === QUANTITY ? { type: ['string', 'number'] } : closed(schema)] as const;
    });
    this.ajv.addSchema({ definitions: Object.fromEntries(definitions) }, SWAGGER);
    for (const file of readdirSync(folder).filter((name) => name.startsWith('crd-'))) {
      const { spec } = parse(readFileSync(path.join(folder, file), 'utf8')) as Crd;
      for (const { name, schema } of spec.versions) {
        const kind = `${spec.group}/${name} ${spec.names.kind}`;
        this.ajv.addSchema(closed(schema.openAPIV3Schema), encodeURIComponent(kind));
        this.kinds.set(kind, encodeURIComponent(kind));
      }
    }
  }

  /** What is wrong with an object, with the path to it. */
  problems(manifest: Manifest): string[] {
    const { apiVersion, kind, metadata } = manifest;
    const at = `${kind}/${metadata.name}`;
    const where = this.kinds.get(`${apiVersion} ${kind}`);
    const check = where === undefined ? undefined : this.ajv.getSchema(where);
    if (check === undefined) return [`${at}: nobody knows ${apiVersion} ${kind}`];
    return check(manifest) === true ? [] : (check.errors ?? []).map((error) => `${at}${problemText(error)}`);
  }
}

/** Patterns of Kubernetes are those of Go, where `(?i)` stands for a flag. */
function goRegExp(pattern: string, flags: string): RegExp {
  const ignoresCase = pattern.includes('(?i)');
  return new RegExp(pattern.replaceAll('(?i)', ''), ignoresCase ? `${flags}i` : flags);
}
goRegExp.code = 'goRegExp';

/** The schema as JSON Schema has it, without what is only for Kubernetes, and with all fields that an object may have. */
function closed(schema: Schema): object {
  const { pattern } = schema;
  const isIntOrString = schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string'] === true;
  if (isIntOrString) return { ...INT_OR_STRING, ...(pattern === undefined ? {} : { pattern }) };
  const { properties, additionalProperties, items } = schema;
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || properties === undefined;
  const plain = Object.entries(schema).filter(([name]) => !name.startsWith('x-kubernetes-'));
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, closed(field)] as const);
  return {
    ...Object.fromEntries(plain),
    ...(properties === undefined ? {} : { properties: Object.fromEntries(fields) }),
    ...(items === undefined ? {} : { items: closed(items) }),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: closed(additionalProperties) } : {}),
    ...(additionalProperties === undefined && !open ? { additionalProperties: false } : {}),
  };
}

function problemText({ instancePath, message = '', params }: ErrorObject): string {
  const what = 'additionalProperty' in params ? `there is no field ${String(params['additionalProperty'])}` : message;
  return `${instancePath.replaceAll('/', '.')}: ${what}`;
}
