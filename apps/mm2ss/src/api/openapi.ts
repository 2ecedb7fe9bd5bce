import { z } from 'zod';
import { RELEASE } from '../release.js';
import type { Route } from './route.js';

/** What the document says of a route: all but how it is handled. */
type Described = Omit<Route, 'handle'>;

/** The OpenAPI 3.1 document of the routes. */
export function openApiDocument(
  routes: readonly Described[],
  title: string,
  description: string,
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  return {
    openapi: '3.1.0',
    info: { title, version: RELEASE, description },
    paths,
    components: {
      schemas: {
        Error: { type: 'object', properties: { error: { type: 'string' } }, required: ['error'] },
      },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation({
  method,
  path,
  summary,
  query = [],
  body,
  status = 200,
  type,
}: Described): Record<string, unknown> {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = query.map((name) => ({ name, in: 'query', schema: { type: 'string' } }));
  const error = { description: 'why not', content: json({ $ref: '#/components/schemas/Error' }) };
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[{}]/g, '').replace(/[/-](\w)/g, (_, first: string) => first.toUpperCase())}`,
    summary,
    parameters: [...inPath, ...inQuery],
    ...(body !== undefined && { requestBody: { required: true, content: json(schemaOf(body)) } }),
    responses: {
      [status]: { description: 'done', content: type === undefined ? json({}) : { [type]: {} } },
      default: error,
    },
  };
}

function json(schema: object): object {
  return { 'application/json': { schema } };
}

function schemaOf(body: z.ZodType): object {
  const { $schema, ...schema } = z.toJSONSchema(body, { io: 'input' });
  void $schema;
  return schema;
}
