import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, mkdtemp, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { EnvoyerError, toError } from '../../errors.ts'

/** Longer paths of sockets are cut in silence: after 107 bytes on Linux, after 103 on macOS. */
const longestPathBytes = 100
/** Of the name that a socket has until it is ready. */
const unready = '.new'
/** Bits that let anybody else in. */
const others = 0o077

const isWindows = process.platform === 'win32'
const ownUser = () => process.getuid?.()

/** Where the owner of a directory listens. */
export interface SocketPlace {
  readonly path: string
  /** Ours alone; `undefined` for a pipe of Windows, which lies in no folder. */
  readonly folder: string | undefined
}

/**
 * Chooses where to listen: inside the directory, or, where that would be too long, in a private
 * folder named after it. Named after the token of the lock, so that no two owners have the same.
 */
export async function chooseSocketPlace(directory: string, token: string): Promise<SocketPlace> {
  if (isWindows) return { path: `\\\\.\\pipe\\envoyer-${token}`, folder: undefined }
  const name = token.slice(0, 8)
  for (const folder of foldersFor(directory)) {
    const path = join(folder, name)
    if (
      Buffer.byteLength(path + unready) <= longestPathBytes &&
      (await makePrivateFolder(folder))
    ) {
      return { path, folder }
    }
  }
  // Somebody else has made a folder of that name, to be in the way or by chance.
  const folder = await mkdtemp('/tmp/envoyer-')
  return { path: join(folder, name), folder }
}

function foldersFor(directory: string): string[] {
  const hash = createHash('sha256').update(`${ownUser()} ${directory}`).digest('hex').slice(0, 16)
  const runtime = process.env.XDG_RUNTIME_DIR
  const roots = [...(runtime ? [runtime] : []), tmpdir(), '/tmp']
  return [join(directory, 'socket'), ...roots.map((root) => join(root, `envoyer-${hash}`))]
}

/** Makes a folder that nobody else can look into; false where that cannot be had. */
export async function makePrivateFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    const found = await lstat(folder)
    if (!found.isDirectory() || found.uid !== ownUser()) return false
    if (found.mode & others) await chmod(folder, 0o700)
    return true
  } catch {
    return false
  }
}

/** Removes sockets that dead owners left. Only for who has the lock: all others in there are dead. */
export async function sweepSockets({ path, folder }: SocketPlace): Promise<void> {
  if (folder === undefined) return
  for (const name of await readdir(folder)) {
    const found = join(folder, name)
    if (found === path || !/^[0-9a-f]{8}(\.new)?$/.test(name)) continue
    if ((await lstat(found).catch(() => undefined))?.isSocket()) await unlink(found).catch(() => {})
  }
}

/**
 * Has a socket made under another name, and gives it its own once it is closed to others: a client
 * that looks in between would take it for somebody else's.
 */
export async function placeSocket(
  { path, folder }: SocketPlace,
  make: (path: string) => Promise<void>,
): Promise<void> {
  if (folder === undefined) return make(path)
  await make(path + unready)
  await chmod(path + unready, 0o600)
  await rename(path + unready, path)
}

/** Takes away what is left of the place. */
export async function leaveSocketPlace({ path, folder }: SocketPlace): Promise<void> {
  if (folder === undefined) return
  await rm(path, { force: true })
  // Not where the next owner has its socket in it already.
  await rmdir(folder).catch(() => {})
}

/**
 * Fails with `socket-refused` unless socket and folder are this user's and closed to all others: who
 * could put a socket there could pretend to be the owner.
 */
export async function checkSocket(path: string): Promise<void> {
  if (isWindows) return
  for (const [what, where] of [
    ['folder', dirname(path)],
    ['socket', path],
  ] as const) {
    const found = await lstat(where)
    const problem = problemOf(found, what)
    if (problem !== undefined) throw new EnvoyerError('socket-refused', `${where} ${problem}`)
  }
}

function problemOf(
  found: Awaited<ReturnType<typeof lstat>>,
  what: 'folder' | 'socket',
): string | undefined {
  if (what === 'folder' ? !found.isDirectory() : !found.isSocket()) return `is no ${what}`
  const user = ownUser()
  if (found.uid !== user) return `belongs to the user ${found.uid}, and this process is of ${user}`
  const mode = Number(found.mode) & 0o777
  return mode & others ? `is open to others (mode 0${mode.toString(8)})` : undefined
}

/** Whether an error says that nobody listens there, or not yet. */
export function isNobodyThere(thrown: unknown): boolean {
  const { code } = toError(thrown) as NodeJS.ErrnoException
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAGAIN', 'ENOTDIR'].includes(code ?? '')
}
