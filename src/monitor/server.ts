import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { codeOf, EnvoyerError } from '../errors.ts'
import { contentType } from '../metric/exposition.ts'
import type { Health } from './health.ts'

/** Where a process shows how it is. */
export interface Place {
  readonly port: number
  readonly host: string
  /** Of the metrics. */
  readonly path: string
}

export interface Pages {
  /** In the text format of Prometheus. */
  metrics(): Promise<string>
  live(): Health
  ready(): Promise<Health>
}

export interface MonitorServer {
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

const plain = (status: number, body: string): Answer => ({
  ...{ status, type: 'text/plain; charset=utf-8', body: `${body}\n` },
})
const healthAnswer = (health: Health): Answer => ({
  status: health.ok ? 200 : 503,
  type: 'application/json; charset=utf-8',
  body: `${JSON.stringify(health)}\n`,
})

/**
 * Serves metrics and health on a port of its own. It keeps no process alive. Throws `monitor-port`
 * where the port cannot be had.
 */
export async function serveMonitor(place: Place, pages: Pages): Promise<MonitorServer> {
  const routes: Readonly<Record<string, () => Promise<Answer>>> = {
    [place.path]: async () => ({ status: 200, type: contentType, body: await pages.metrics() }),
    '/health/live': async () => healthAnswer(pages.live()),
    '/health/ready': async () => healthAnswer(await pages.ready()),
  }
  const answerTo = async ({ method = '', url = '' }: IncomingMessage): Promise<Answer> => {
    const path = url.split('?')[0]!
    if (!Object.hasOwn(routes, path)) return plain(404, 'not found')
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET only')
    return routes[path]!()
  }
  const server = createServer((request, response) => {
    // The error may speak of the database; nobody here needs to read of it.
    const failed = () => plain(500, 'this could not be read')
    void answerTo(request)
      .catch(failed)
      .then((answer) => write(response, answer))
  })
  await listen(server, place)
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function write(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 && { allow: 'GET, HEAD' }),
  })
  response.end(body)
}

async function listen(server: Server, { host, port }: Place): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
  } catch (thrown) {
    const problem = `${host}:${port} (${codeOf(thrown, 'error')})`
    throw new EnvoyerError('monitor-port', problem, { cause: thrown })
  }
  server.unref()
}
