import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
// A receiver in an application verifies as docs/guides/channels/webhook.md shows.
import { verify } from '../../src/secret/verify.ts'

/** A webhook as it arrived, and what the receiver answered. */
export interface ArrivedWebhook {
  readonly path: string
  readonly status: number
  /** The delivery's id, once the signature has proved that it is ours. */
  readonly verifiedId: string | undefined
  readonly body: string
}

export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string
  readonly requests: readonly ArrivedWebhook[]
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function verifiedId(request: IncomingMessage, body: Buffer, secret: string): string | undefined {
  try {
    return verify(request.headers, body, secret).id
  } catch {
    return undefined
  }
}

/**
 * A partner's HTTP server on a free port of this machine. It answers 401 to what is not signed
 * with the secret, and 503 to the first request for each path in `outOfOrderAtFirst`.
 */
export async function startWebhookReceiver(
  secret: string,
  outOfOrderAtFirst: readonly string[],
): Promise<WebhookReceiver> {
  const requests: ArrivedWebhook[] = []
  const broken = new Set(outOfOrderAtFirst)
  const receive = async (request: IncomingMessage): Promise<number> => {
    const path = request.url ?? ''
    const body = await bodyOf(request)
    const id = verifiedId(request, body, secret)
    // Only its first visit finds a path out of order, so it is taken off the list.
    const status = id === undefined ? 401 : broken.delete(path) ? 503 : 204
    requests.push({ path, status, verifiedId: id, body: body.toString() })
    return status
  }
  const server = createServer((request, response) => {
    receive(request).then(
      (status) => response.writeHead(status).end(),
      () => response.destroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
