import { type HttpServer, startHttpServer } from './http-server.ts'

/** One request, which holds one message for its topic, or many. */
export interface ArrivedPost {
  readonly path: string
  readonly topic: string
  readonly payloads: readonly object[]
}

export interface PostofficeStandIn extends HttpServer {
  readonly posts: readonly ArrivedPost[]
}

/**
 * In place of a Postoffice server (https://github.com/mercadona/postoffice), with every topic that
 * is asked for and one publisher for each.
 */
export async function startPostoffice(): Promise<PostofficeStandIn> {
  const posts: ArrivedPost[] = []
  let lastId = 0
  const server = await startHttpServer(({ path, body }) => {
    const bulk = path === '/api/bulk_messages/'
    if (!bulk && path !== '/api/messages/') return { status: 404 }
    const { topic, payload } = JSON.parse(body.toString()) as {
      topic: string
      payload: object | object[]
    }
    const payloads = [payload].flat()
    posts.push({ path, topic, payloads })
    const ids = payloads.map(() => ++lastId)
    return { status: 201, body: bulk ? { result: ids } : { id: ids } }
  })
  return { ...server, posts }
}
