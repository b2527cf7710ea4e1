import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'

/** A connection to PostgreSQL, lent to one client at a time. */
interface Session {
  readonly socket: Socket
  /** Who has it now; what it says meanwhile to nobody is lost. */
  client: Client | undefined
}

interface Client {
  readonly socket: Socket
  /** Said while there was no session for it. */
  readonly waiting: Buffer[]
  session: Session | undefined
}

export interface Pooler {
  /** Of the database that it is given, by way of the pooler. */
  url(database: string): string
  close(): Promise<void>
}

/**
 * A connection pooler in transaction mode, as PgBouncer before 1.21 is one: a client has a session
 * from the first statement of a transaction to its end, and the session that was given back last is
 * given away first. Knows no password, and one database.
 */
export async function startTransactionPooler(target: string): Promise<Pooler> {
  const { hostname, port } = new URL(target)
  const idle: Session[] = []
  const all = new Set<Socket>()
  let greeting = Buffer.alloc(0)

  async function openSession(startup: Buffer): Promise<Session> {
    const socket = createConnection({ host: hostname, port: Number(port) })
    all.add(socket.on('error', () => {}))
    const session: Session = { socket, client: undefined }
    let ready = () => {}
    const opened = new Promise<void>((resolve) => {
      ready = resolve
    })
    let greeted = false
    const said: Buffer[] = []
    readMessages(socket, (message) => {
      const isReady = message[0] === 0x5a // Z
      if (!greeted) {
        said.push(message)
        greeted = isReady
        if (isReady) {
          greeting = Buffer.concat(said)
          ready()
        }
        return
      }
      const { client } = session
      client?.socket.write(message)
      if (client && isReady && message[5] === 0x49) giveBack(session, client) // I: in no transaction
    })
    socket.write(startup)
    await opened
    return session
  }
  function giveBack(session: Session, client: Client) {
    session.client = undefined
    client.session = undefined
    idle.push(session)
  }
  async function serve(socket: Socket) {
    all.add(socket.on('error', () => {}))
    const client: Client = { socket, waiting: [], session: undefined }
    let startup: Buffer | undefined
    let taking = false
    const forward = async () => {
      if (taking) return
      taking = true
      client.session ??= idle.pop() ?? (await openSession(startup!))
      client.session.client = client
      taking = false
      for (const message of client.waiting.splice(0)) client.session.socket.write(message)
    }
    socket.on('close', () => client.session?.socket.destroy())
    readMessages(
      socket,
      (message) => {
        if (message[0] === 0x58) return void socket.end() // X
        client.waiting.push(message)
        void forward()
      },
      (first) => {
        startup = first
        void openSession(first).then((session) => {
          idle.push(session)
          socket.write(greeting)
        })
      },
    )
  }
  const server = createServer((socket) => void serve(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url(database) {
      const url = new URL(database)
      url.host = `127.0.0.1:${(server.address() as { port: number }).port}`
      return url.href
    },
    async close() {
      for (const socket of all) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Cuts a stream into messages of PostgreSQL's protocol; the first of a client has no type. */
function readMessages(
  socket: Socket,
  heard: (message: Buffer) => void,
  heardFirst?: (message: Buffer) => void,
): void {
  let rest: Buffer = Buffer.alloc(0)
  let first = heardFirst
  socket.on('data', (data) => {
    rest = Buffer.concat([rest, data])
    for (;;) {
      const at = first ? 0 : 1
      if (rest.length < at + 4) return
      const length = at + rest.readUInt32BE(at)
      if (rest.length < length) return
      const message = rest.subarray(0, length)
      rest = rest.subarray(length)
      if (first) {
        first(message)
        first = undefined
      } else heard(message)
    }
  })
}
