import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { askSimulator } from './ask-simulator.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function bench(answer: Answer, token?: string) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { url, settings: { url, token } };
}

const json =
  (status: number, text: string): Answer =>
  (_, response) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);

describe('a question to the simulator', () => {
  it('is asked with the token and the body, and answered with its JSON', async () => {
    const { settings } = await bench((request, response) => {
      const { method, url, headers } = request;
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () =>
        response.end(JSON.stringify({ method, url, authorization: headers.authorization, body })),
      );
    }, 'a-token');
    expect(await askSimulator(settings, 'POST', '/send?x=1', { index: 7 })).toEqual({
      method: 'POST',
      url: '/send?x=1',
      authorization: 'Bearer a-token',
      body: '{"index":7}',
    });
  });

  it.each<[string, Answer, number, RegExp]>([
    [
      'a refusal of the simulator is told as it is',
      json(404, '{"error":"no RTU has the id 9"}'),
      404,
      /^no RTU has the id 9$/,
    ],
    ['its token is not the one of the browser', json(401, '{"error":"x"}'), 502, /--simulator-token/],
    ['a name that is not its own', json(421, '{"error":"not a name of this host"}'), 502, /says: not a name/],
    ['a failure there is none of the console', json(500, '{"error":"oops"}'), 502, /says: oops/],
    ['a page that is no API', json(200, '<html>'), 502, /no simulator does \(status 200\)/],
    ['a redirection is not followed', json(302, ''), 502, /status 302/],
    ['a connection that breaks', (request) => void request.socket.destroy(), 502, /cannot be asked: ECONNRESET/],
    [
      'an answer that breaks off',
      (_, response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('{', () => response.destroy());
      },
      502,
      /cannot be asked/,
    ],
  ])('%s', async (_, answer, status, said) => {
    const { settings } = await bench(answer);
    await expect(askSimulator(settings, 'GET', '/rtus')).rejects.toMatchObject({
      status,
      message: expect.stringMatching(said) as string,
    });
  });

  it.each<[string, Answer]>([
    ['the head', () => undefined],
    ['the rest of the body', (_, response) => void response.writeHead(200).write('[')],
  ])('is given up when %s does not come', async (_, answer) => {
    const over = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(over.signal);
    onTestFinished(() => void vi.restoreAllMocks());
    const { settings } = await bench((request, response) => {
      answer(request, response);
      setImmediate(() => over.abort(new DOMException('too late', 'TimeoutError')));
    });
    await expect(askSimulator(settings, 'GET', '/rtus')).rejects.toMatchObject({
      status: 504,
      message: expect.stringMatching(/does not answer within 5 s/) as string,
    });
  });
});
