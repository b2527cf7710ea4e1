// A receiver in an application verifies as docs/guides/channels/webhook.md shows.
import { verify } from '../../src/secret/verify.ts'
import { type HttpRequest, type HttpServer, startHttpServer } from './http-server.ts'

/** A webhook as it arrived, and what the receiver answered. */
export interface ArrivedWebhook {
  readonly path: string
  readonly status: number
  /** The delivery's id, once the signature has proved that it is ours. */
  readonly verifiedId: string | undefined
  readonly body: string
}

export interface WebhookReceiver extends HttpServer {
  readonly requests: readonly ArrivedWebhook[]
}

function idOf({ headers, body }: HttpRequest, secret: string): string | undefined {
  try {
    return verify(headers, body, secret).id
  } catch {
    return undefined
  }
}

/**
 * A partner's HTTP server. It answers 401 to what is not signed with the secret, and 503 to the
 * first request for each path in `outOfOrderAtFirst`.
 */
export async function startWebhookReceiver(
  secret: string,
  outOfOrderAtFirst: readonly string[],
): Promise<WebhookReceiver> {
  const requests: ArrivedWebhook[] = []
  const broken = new Set(outOfOrderAtFirst)
  const server = await startHttpServer((request) => {
    const { path, body } = request
    const verifiedId = idOf(request, secret)
    // Only its first visit finds a path out of order, so it is taken off the list.
    const status = verifiedId === undefined ? 401 : broken.delete(path) ? 503 : 204
    requests.push({ path, status, verifiedId, body: body.toString() })
    return { status }
  })
  return { ...server, requests }
}
