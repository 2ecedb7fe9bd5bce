import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Files } from '../../program-files.js';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  json: 'application/json; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  webmanifest: 'application/manifest+json',
  woff2: 'font/woff2',
};
/** Smaller ones come in one packet anyway. */
const COMPRESSED_FROM_OCTETS = 1_000;
/** Names with a hash in them never have another content. */
const IMMUTABLE = /^\/assets\//;

interface File {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzip: Buffer | undefined;
  readonly br: Buffer | undefined;
}

/** The files of the page: few and small, so they are in memory, compressed once when they are first asked for. */
export class StaticFiles {
  private readonly files = new Map<string, File>();

  constructor(private readonly page: Files) {}

  get isEmpty(): boolean {
    return this.page.size === 0;
  }

  /** False: there is no such file. */
  serve(path: string, { headers, method }: IncomingMessage, response: ServerResponse): boolean {
    const file = this.file(path === '/' ? '/index.html' : path);
    if (file === undefined) return false;
    response.setHeader('Content-Type', file.type);
    response.setHeader('ETag', file.etag);
    response.setHeader('Vary', 'Accept-Encoding');
    response.setHeader('Cache-Control', IMMUTABLE.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (headers['if-none-match']?.includes(file.etag)) {
      response.writeHead(304).end();
      return true;
    }
    const accepted = String(headers['accept-encoding'] ?? '')
      .split(',')
      .map((each) => each.trim().split(';')[0]);
    const encoding = (['br', 'gzip'] as const).find((each) => file[each] !== undefined && accepted.includes(each));
    const octets = (encoding === undefined ? undefined : file[encoding]) ?? file.plain;
    response.writeHead(200, {
      'Content-Length': octets.length,
      ...(encoding === undefined ? {} : { 'Content-Encoding': encoding }),
    });
    response.end(method === 'HEAD' ? undefined : octets);
    return true;
  }

  private file(path: string): File | undefined {
    const known = this.files.get(path);
    if (known !== undefined) return known;
    const read = this.page.get(path.slice(1));
    const type = TYPES[path.slice(path.lastIndexOf('.') + 1)];
    if (read === undefined || type === undefined) return undefined;
    const plain = read();
    const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
    const isWorthIt = plain.length >= COMPRESSED_FROM_OCTETS && !/^(image\/(png|x-icon)|font)/.test(type);
    const file = {
      type,
      etag,
      plain,
      gzip: isWorthIt ? gzipSync(plain) : undefined,
      br: isWorthIt ? brotliCompressSync(plain) : undefined,
    };
    this.files.set(path, file);
    return file;
  }
}
