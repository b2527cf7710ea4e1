import { connect, createServer, type Server, type Socket } from 'node:net'
import { toError } from '../../errors.ts'
import { type Connection, createConnection } from './connection.ts'
import { greetClient, greetOwner, type Terms } from './greeting.ts'
import { lockNumbers, type Owner, readLockFile } from './lock-file.ts'
import { isRunning } from './process-identity.ts'
import {
  checkSocket,
  leaveSocketPlace,
  makePrivateFolder,
  placeSocket,
  type SocketPlace,
  sweepSockets,
} from './socket-place.ts'

/** Who receives an owner's clients. */
export interface Reception {
  /** Whether anybody is let in; who comes while it is closed is cut off, and tries again. */
  isOpen(): boolean
  /** Is given each client that has proved itself. */
  joined(connection: Connection): void
}

/** How an owner lets others in. */
export interface Clients {
  readonly terms: Terms
  readonly reception: Reception
}

/** Clients at once; who comes beyond is cut off, and tries again. */
const clientsAtMost = 500

/**
 * Listens for other processes of this user. Only for who has the lock. Where the system gives no
 * socket, `warn` is told, and the others are told that the directory is locked.
 */
export async function listenForClients(
  place: SocketPlace,
  token: string,
  { terms, reception }: Clients,
  warn: (error: Error) => void,
): Promise<{ close(): Promise<void> }> {
  const connections = new Set<Connection>()
  const server = createServer((socket) => {
    const connection = createConnection(socket, { patient: true })
    if (!reception.isOpen() || connections.size >= clientsAtMost) return connection.cut()
    connections.add(connection)
    void connection.ended.then(() => connections.delete(connection))
    void greetClient(connection, token, terms).then((agreed) => {
      if (agreed) reception.joined(connection)
    })
  })
  try {
    await listen(server, place)
    server.on('error', warn)
  } catch (thrown) {
    const why = toError(thrown).message
    warn(new Error(`Other processes cannot use the embedded database meanwhile: ${why}`))
  }
  return {
    async close() {
      // Of one that does not listen it is an error, and no news.
      const closed = new Promise((resolve) => server.close(resolve))
      for (const connection of connections) connection.cut()
      await closed
      await leaveSocketPlace(place).catch(() => {})
    },
  }
}

async function listen(server: Server, place: SocketPlace): Promise<void> {
  const { folder } = place
  if (folder !== undefined) {
    // Again, since the last owner may have taken it away when it left.
    if (!(await makePrivateFolder(folder))) throw new Error(`${folder} cannot be made private.`)
    await sweepSockets(place)
  }
  await placeSocket(place, (at) => {
    const listening = new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(at, () => {
        server.off('error', reject)
        resolve()
      })
    })
    // Idle, it must not keep a script alive.
    server.unref()
    return listening
  })
}

export interface FoundOwner extends Owner {
  /** Whether it surely runs; a process of another machine or container cannot be looked at. */
  readonly sure: boolean
}

/** Who has the lock on a directory, if anybody who may be alive does. */
export async function findOwner(directory: string): Promise<FoundOwner | undefined> {
  const [highest] = await lockNumbers(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const found = highest === undefined ? undefined : await readLockFile(directory, highest)
  if (found?.content.state !== 'owned') return undefined
  const { content } = found
  const running = isRunning(content.owner)
  return running === false ? undefined : { ...content.owner, sure: running === true }
}

/**
 * Connects to the owner of a directory. Throws `socket-refused` where its socket is not this user's
 * alone, `owner-differs` where it is another version, and an error of the system where it is gone.
 */
export async function connectToOwner(
  { socket: path, token }: Owner & { readonly socket: string },
  terms: Terms,
): Promise<Connection> {
  await checkSocket(path)
  const socket = await new Promise<Socket>((resolve, reject) => {
    const connecting = connect(path)
    connecting.once('error', reject)
    connecting.once('connect', () => {
      connecting.off('error', reject)
      resolve(connecting)
    })
  })
  const connection = createConnection(socket, { patient: false })
  connection.hold(true)
  await greetOwner(connection, token, terms)
  connection.hold(false)
  return connection
}
