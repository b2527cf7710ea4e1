import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HttpRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface HttpAnswer {
  readonly status: number
  /** Sent as JSON. */
  readonly body?: object
}

export interface HttpServer extends AsyncDisposable {
  readonly url: string
}

async function read(request: IncomingMessage): Promise<HttpRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) }
}

/** A real HTTP server on a free port of this machine. What `answer` throws cuts the connection. */
export async function startHttpServer(
  answer: (request: HttpRequest) => HttpAnswer,
): Promise<HttpServer> {
  const server = createServer((incoming, response) => {
    const reply = (request: HttpRequest) => {
      const { status, body } = answer(request)
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(body === undefined ? '' : JSON.stringify(body))
    }
    read(incoming)
      .then(reply)
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
