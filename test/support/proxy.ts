import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'

/**
 * What a line does: `pass` what is said, `delay` it, `drop` its connections, refuse new ones, or fall
 * `silent`: connections stay open, and nothing comes through them ever again.
 */
export type LineState = 'pass' | 'delay' | 'drop' | 'refuse' | 'silent'

/** A line to a server that can be made to fail. */
export interface Line {
  readonly port: number
  /** A URL of the server, by way of the line. */
  through(url: string): string
  become(state: LineState): void
  close(): Promise<void>
}

const delayMs = 150

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Falls silent with the line, and stays so. */
  silent: boolean
}

/** The port of a URL behind which something listens on this machine. */
export const portOf = (url: string) => Number(new URL(url).port)

export async function startLine(to: { host?: string; port: number }): Promise<Line> {
  const pairs = new Set<Pair>()
  let state: LineState = 'pass'
  const carry = (pair: Pair, from: Socket, into: Socket) => {
    from.on('data', (data) => {
      if (pair.silent) return
      if (state === 'delay') setTimeout(() => pair.silent || into.write(data), delayMs)
      else into.write(data)
    })
    from.on('error', () => into.destroy())
    from.on('close', () => {
      if (!pair.silent) into.end()
      if (from === pair.client) {
        pairs.delete(pair)
        into.destroy()
      }
    })
  }
  const listener = createServer((client) => {
    if (state === 'refuse' || state === 'drop') {
      client.destroy()
      return
    }
    const server = createConnection({ host: to.host ?? '127.0.0.1', port: to.port })
    const pair = { client, server, silent: state === 'silent' }
    pairs.add(pair)
    carry(pair, client, server)
    carry(pair, server, client)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  return {
    port,
    through: (url) => Object.assign(new URL(url), { port: String(port) }).href,
    become(next) {
      state = next
      for (const pair of pairs) {
        if (next === 'silent') pair.silent = true
        if (next === 'drop' || next === 'refuse') pair.client.destroy()
      }
    },
    async close() {
      for (const { client, server } of pairs) {
        client.destroy()
        server.destroy()
      }
      await new Promise((resolve) => listener.close(resolve))
    },
  }
}
