import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

export interface ReceivedRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Names as they were sent, each occurrence. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/** What a request is answered with. */
export interface WrittenAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** How a receiver treats a request. */
export type Answer =
  | WrittenAnswer
  /** Takes the request and never answers. */
  | 'hang'
  /** Closes the connection instead of answering. */
  | 'cut'
  /** Answers 200 and then one byte every so many milliseconds, for ever. */
  | { readonly dripMs: number }
  /** Answers 200 with a body of so many bytes. */
  | { readonly bytes: number }

export interface Receiver {
  /** `http://127.0.0.1:<port>`, or https. */
  readonly url: string
  readonly port: number
  /** What has arrived, oldest first. */
  readonly requests: ReceivedRequest[]
  /** How many connections were opened. */
  readonly connections: number
  /** The answer to every request from now on. Default: 204. */
  respondWith(status: number, headers?: Record<string, string>, body?: string): void
  /** Answers to the next requests, one each; then `respondWith` holds again. */
  next(...answers: readonly Answer[]): void
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface ReceiverOptions {
  /** Answers by itself instead of `respondWith` and `next`. */
  readonly handler?: (request: ReceivedRequest, response: ServerResponse) => void | Promise<void>
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Default 127.0.0.1. */
  readonly host?: string
}

function writeAnswer(response: ServerResponse, answer: Answer): void {
  if (answer === 'hang') return
  if (answer === 'cut') {
    response.socket?.destroy()
  } else if ('dripMs' in answer) {
    response.writeHead(200).write('.')
    const timer = setInterval(() => response.write('.'), answer.dripMs)
    response.once('close', () => clearInterval(timer))
  } else if ('bytes' in answer) {
    response.writeHead(200, { 'content-type': 'text/plain' })
    let left = answer.bytes
    const pour = () => {
      while (left > 0 && !response.destroyed) {
        const chunk = Buffer.alloc(Math.min(left, 65_536), 'x')
        left -= chunk.length
        if (!response.write(chunk)) return response.once('drain', pour)
      }
      return response.end()
    }
    pour()
  } else {
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }
}

async function read(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { method = '', url = '', headers, rawHeaders } = request
  return { method, path: url, headers, rawHeaders, body: Buffer.concat(chunks) }
}

/** A real HTTP server on a free port that keeps what it gets and answers as it is told. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const { handler, tls, host = '127.0.0.1' } = options
  const requests: ReceivedRequest[] = []
  const queue: Answer[] = []
  const sockets = new Set<Socket>()
  let standing: Answer = { status: 204 }
  let connections = 0

  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const request = await read(incoming)
    requests.push(request)
    if (handler === undefined) writeAnswer(response, queue.shift() ?? standing)
    else await handler(request, response)
  }
  const listener = (incoming: IncomingMessage, response: ServerResponse) => {
    // A request that is cut off while it is read is the sender's doing.
    answer(incoming, response).catch(() => response.destroy())
  }
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, resolve)
  })

  const { port } = server.address() as AddressInfo
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    requests,
    get connections() {
      return connections
    },
    respondWith(status, headers = {}, body = '') {
      standing = { status, headers, body }
    },
    next: (...answers) => void queue.push(...answers),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
