/**
 * What packages bring that this program never uses: it would be loaded, or at least kept in memory as text. Each is replaced
 * with a module of the same exports that throws when it is used after all.
 */
import { readFileSync } from 'node:fs';

/** Transports of other brokers than ours. `@nestjs/microservices` has a class for each, and imports them all. */
const NEST_TRANSPORT = /@nestjs\/microservices\/(?:client|server)\/(?:client|server)-\w+\.js$/;
/** The factories that choose among them, and what all of them extend. */
const NEST_TRANSPORT_KEPT = /\/(?:client-proxy|server-factory|client-proxy-factory|server)\.js$/;

/** Requests have no body: GET only. With their tables of character sets they are 500 kB. */
const NO_BODIES = /\/node_modules\/(?:body-parser|multer)\/index\.js$/;

/** 2,500 types of files; those that a program without files may answer with are enough. */
const FILE_TYPES = /\/node_modules\/mime-db\/db\.json$/;
const ANSWERED_TYPES = /^(?:text\/.*|application\/(?:json|octet-stream|x-ndjson|problem\+json))$/;

/** prom-client asks it for what it adds to metrics in a form that is not served here (exemplars, OpenMetrics). */
const TRACING = /\/node_modules\/@opentelemetry\/api\/.*\/index\.c?js$/;

/** Sends metrics, with zlib and https, where here they are fetched. */
const PUSH_GATEWAY = /\/node_modules\/prom-client\/lib\/pushgateway\.js$/;

/** Tells the developers of express of what they should not use any more: it takes a stack trace when it is loaded. */
const DEPRECATIONS = /\/node_modules\/depd\/index\.js$/;
const NO_DEPRECATIONS =
  'module.exports = () => Object.assign(() => undefined, { function: (wrapped) => wrapped, property: () => undefined });';

/** Nest looks whether they are installed, and does without: web sockets, and checks of request bodies. */
const NEST_OPTIONAL = /^(?:@nestjs\/websockets(?:\/.*)?|class-transformer(?:\/.*)?|class-validator|file-type)$/;

/** Nest's core imports these packages with everything that they export, and takes one class out of them. */
const NEST_WHOLE = {
  '@nestjs/microservices': `export { NestMicroservice } from '@nestjs/microservices/nest-microservice.js';`,
  '@nestjs/platform-express': `export { ExpressAdapter } from '@nestjs/platform-express/adapters/express-adapter.js';`,
};

const thrower = (what) => `() => { throw new Error(${JSON.stringify(`${what} is not part of the bundle`)}); }`;

/** @returns {import('rolldown').Plugin} */
export function leaveOut() {
  return {
    name: 'leave-out',
    resolveId: {
      order: 'pre',
      async handler(specifier, importer = '') {
        // For Node the package names a build that cannot be left out in parts.
        if (/^rxjs(?:\/|$)/.test(specifier)) {
          const resolved = await this.resolve(specifier, importer, { skipSelf: true });
          return resolved?.id.replace('/dist/cjs/', '/dist/esm/');
        }
        if (NEST_OPTIONAL.test(specifier)) return { id: `\0left-out:${specifier}`, moduleSideEffects: false };
        if (importer.includes('/@nestjs/core/') && Object.hasOwn(NEST_WHOLE, specifier)) return `\0one-of:${specifier}`;
        return undefined;
      },
    },
    load(id) {
      if (id.startsWith('\0left-out:')) return 'export {};';
      if (id.startsWith('\0one-of:')) return NEST_WHOLE[id.slice('\0one-of:'.length)];
      if (NEST_TRANSPORT.test(id) && !NEST_TRANSPORT_KEPT.test(id)) return transport(id);
      if (PUSH_GATEWAY.test(id)) return `module.exports = function Pushgateway() { (${thrower('Pushgateway')})(); };`;
      if (TRACING.test(id)) return 'module.exports = {};';
      if (DEPRECATIONS.test(id)) return NO_DEPRECATIONS;
      if (FILE_TYPES.test(id)) {
        const types = Object.entries(JSON.parse(readFileSync(id, 'utf8'))).filter(([type]) =>
          ANSWERED_TYPES.test(type),
        );
        return { code: JSON.stringify(Object.fromEntries(types)), moduleType: 'json' };
      }
      if (NO_BODIES.test(id)) {
        const none = ['json', 'raw', 'text', 'urlencoded'].map((name) => `${name}: ${thrower('a parser of bodies')}`);
        return `module.exports = { ${none.join(', ')} };`;
      }
      return undefined;
    },
  };
}

/** Classes of the names that the file exports: they are compared with `instanceof`, and never made. */
function transport(id) {
  const names = [...readFileSync(id, 'utf8').matchAll(/^export (?:class|let|const|var|function) (\w+)/gm)];
  return names.map(([, name]) => `export class ${name} { constructor() { (${thrower(name)})(); } }`).join('\n');
}
