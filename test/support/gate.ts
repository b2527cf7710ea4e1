import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server of this machine that can be shut, and opened again at the same port. */
export interface Gate {
  readonly port: number
  /** Connections are refused, those that are there cut. */
  shut(): Promise<void>
  /** Connections are taken, and nothing goes through, in neither direction. */
  swallow(): void
  /** All goes through again. What was swallowed is lost with its connections. */
  open(): Promise<void>
  close(): Promise<void>
}

/** Opens a gate to a port of the loopback. */
export async function openGate(to: number): Promise<Gate> {
  const sockets = new Set<Socket>()
  let swallowing = false
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  }
  const server = createServer({ allowHalfOpen: false }, (outside) => {
    const inside = connect(to, '127.0.0.1')
    keep(outside)
    keep(inside)
    for (const [from, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      from.on('data', (chunk) => void (swallowing || other.write(chunk)))
      from.once('close', () => other.destroy())
    }
  })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  await listen(0)
  const { port } = server.address() as AddressInfo
  const shut = async () => {
    cut()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  return {
    port,
    shut,
    swallow() {
      swallowing = true
    },
    async open() {
      if (swallowing) cut()
      swallowing = false
      if (!server.listening) await listen(port)
    },
    close: shut,
  }
}
