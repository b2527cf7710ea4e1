import assert from 'node:assert/strict'
import { chmod, chown, lstat, mkdir, readdir, rename, symlink } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Connection } from '../../src/database/index.ts'
import { connectToOwner, findOwner, openDatabase } from '../../src/database/index.ts'
import { temporaryDirectory, until } from '../support/database.ts'
import { createOwnerApp, User } from '../support/owner-app.ts'

const terms = { schema: 'envoyer', tables: 'one two' }

async function open(t: TestContext, directory: string) {
  const clients: Connection[] = []
  const joined = (connection: Connection) => void clients.push(connection)
  const warnings: Error[] = []
  const database = await openDatabase({
    ...{ directory, schema: 'envoyer', entities: [], migrations: [], durability: 'process' },
    clients: { terms, reception: { isOpen: () => true, joined } },
    onWarning: (error) => void warnings.push(error),
  })
  t.after(() => database.close())
  const found = (await findOwner(directory))!
  return { database, clients, warnings, owner: { ...found, socket: found.socket! } }
}

describe('the socket of the owner', () => {
  test('is private, short, and gone with its owner', async (t) => {
    const deep = join(await temporaryDirectory(), 'a'.repeat(60), 'b'.repeat(60))
    const folders = [await temporaryDirectory(), join(deep, 'one'), join(deep, 'two')]
    const sockets = new Set<string>()
    for (const directory of folders) {
      await mkdir(directory, { recursive: true })
      const { owner, database, warnings } = await open(t, directory)
      const path = owner.socket
      sockets.add(path)
      assert.ok(Buffer.byteLength(path) <= 100, path)
      assert.equal((await lstat(path)).mode & 0o777, 0o600)
      assert.equal((await lstat(dirname(path))).mode & 0o777, 0o700)
      const connection = await connectToOwner(owner, terms)
      connection.end()
      await connection.ended
      await database.close()
      await assert.rejects(lstat(path), { code: 'ENOENT' })
      assert.deepEqual(warnings, [])
    }
    assert.equal(sockets.size, folders.length)
  })

  test('of a dead owner is taken away by the next', async (t) => {
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'socket'), { mode: 0o700 })
    const stale = join(directory, 'socket', 'deadbeef')
    const server = createServer().listen(join(directory, 'socket', 'other'))
    await new Promise((resolve) => server.once('listening', resolve))
    await rename(join(directory, 'socket', 'other'), stale)
    const { owner } = await open(t, directory)
    assert.deepEqual(await readdir(join(directory, 'socket')), [owner.socket.split('/').at(-1)])
    server.close()
  })

  test('is refused where others could have put it there', async (t) => {
    const { owner } = await open(t, await temporaryDirectory())
    const { socket } = owner
    const folder = dirname(socket)
    const refused = { code: 'socket-refused' }
    const attempt = () => connectToOwner(owner, terms)
    await chmod(socket, 0o666)
    await assert.rejects(attempt(), refused)
    await chmod(socket, 0o600)
    await chmod(folder, 0o755)
    await assert.rejects(attempt(), refused)
    await chmod(folder, 0o700)
    if (process.getuid?.() === 0) {
      for (const path of [socket, folder]) {
        await chown(path, 12345, 12345)
        await assert.rejects(attempt(), /belongs to the user 12345/)
        await chown(path, 0, 0)
      }
    }
    await rename(folder, `${folder}.moved`)
    await symlink(`${folder}.moved`, folder)
    await assert.rejects(attempt(), /is no folder/)
  })

  test('is refused where who answers does not know what the lock file says', async (t) => {
    const { owner } = await open(t, await temporaryDirectory())
    const strangers = { ...owner, token: 'guessed' }
    // To the client the owner is the impostor; to the owner the client is.
    await assert.rejects(connectToOwner(strangers, terms), { code: 'socket-refused' })
  })

  test('lets in only who has the same tables', async (t) => {
    const { owner, clients } = await open(t, await temporaryDirectory())
    await assert.rejects(
      connectToOwner(owner, { ...terms, tables: 'one two three' }),
      (error: Error) => {
        assert.match(error.message, /tables: one two; here: one two three/)
        assert.match(error.message, /Restart that process .*\[owner-differs\]/s)
        return true
      },
    )
    assert.equal(clients.length, 0)
  })

  test('is not harmed by who talks garbage, or nothing, or too much', async (t) => {
    const directory = await temporaryDirectory()
    const app = createOwnerApp(directory)
    t.after(() => app.close())
    await app.settings.get('pager')
    const { socket } = (await findOwner(directory))!
    const frame = (text: string, length = text.length) => {
      const header = Buffer.alloc(4)
      header.writeUInt32BE(length)
      return Buffer.concat([header, Buffer.from(text)])
    }
    const hello = frame(JSON.stringify({ envoyer: 1, nonce: 'n', terms: {} }))
    const garbage = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      frame('', 0xffffffff),
      frame('not json'),
      frame('null'),
      Buffer.concat([hello, frame(JSON.stringify({ proof: 'x'.repeat(64) }))]),
      Buffer.concat([hello, frame(JSON.stringify(['ask', 1, 'deliveries.list', [], false]))]),
    ]
    for (const bytes of garbage) {
      const talker = connect(socket!)
      talker.on('error', () => {})
      talker.resume()
      talker.write(bytes)
      await new Promise((resolve) => talker.once('close', resolve))
    }
    const silent: Socket[] = Array.from({ length: 20 }, () => connect(socket!))
    const client = createOwnerApp(directory)
    t.after(() => client.close())
    assert.equal((await client.send('alarm', new User('ada'), { what: 'x' })).count, 1)
    for (const each of silent) each.destroy()
    await until(async () => (await app.deliveries.list()).length === 1, 'the delivery')
  })

  test('of another schema is told apart before anything is done', async (t) => {
    const directory = await temporaryDirectory()
    const app = createOwnerApp(directory)
    t.after(() => app.close())
    await app.settings.get('pager')
    const other = createOwnerApp(directory, undefined, 'elsewhere')
    t.after(() => other.close())
    await assert.rejects(
      other.deliveries.list(),
      /its schema: envoyer; here: elsewhere.*\[owner-differs\]/s,
    )
  })
})
