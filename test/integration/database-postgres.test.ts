import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import pg from 'pg'
import { openDatabase } from '../../src/database/index.ts'
import { createListener } from '../../src/database/postgres/listener.ts'
import { openFor, until } from '../support/database.ts'
import { postgresUrl } from '../support/engines.ts'
import { startPostgres } from '../support/postgres.ts'
import { portOf, startLine } from '../support/proxy.ts'
import { typescript } from '../support/typescript.ts'

const options = { directory: 'memory', schema: 'envoyer', entities: [], migrations: [] }

describe('a PostgreSQL server that goes away', () => {
  it('is found again by the listener and the pool, and nothing is thrown meanwhile', async (t) => {
    const server = await startPostgres()
    t.after(() => server.stop())
    const { database, warnings } = await openFor(t, 'postgres', { url: server.url() })
    let heard = 0
    await database.listen('wake', () => heard++)
    await database.execute('NOTIFY wake')
    await until(() => heard === 1, 'the notification')
    const sleeping = database.execute('SELECT pg_sleep(30)')
    const broken = assert.rejects(sleeping)
    await server.crash()
    await broken
    await assert.rejects(database.execute('SELECT 1'), { code: 'database-unreachable' })
    await server.start()
    // Heard once without a notification, for those that were missed.
    await until(() => heard === 2, 'the word after the reconnect')
    await database.execute('NOTIFY wake')
    await until(() => heard === 3, 'a notification after the reconnect')
    assert.ok(warnings.length > 0)
  })

  it('survives the end of single connections', async (t) => {
    const { database, items } = await openFor(t, 'postgres')
    let heard = 0
    await database.listen('wake', () => heard++)
    for (let n = 0; n < 3; n++) {
      const before = heard
      // Ends this process's other connections, the listener's among them.
      await database.execute(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'envoyer' AND pid <> pg_backend_pid()
           AND query LIKE 'LISTEN wake%'`,
      )
      await until(() => heard > before, 'the reconnect')
      assert.equal(await items(), 0)
    }
  })
})

describe('a line that falls silent before LISTEN is answered', () => {
  it('is given up, and replaced by another', async (t) => {
    const line = await startLine({ port: portOf(postgresUrl()) })
    t.after(() => line.close())
    const connectionString = line.through(postgresUrl())
    let connections = 0
    const errors: Error[] = []
    const listener = createListener(
      () => {
        connections += 1
        const client = new pg.Client({ connectionString })
        // Just this one: the network is well again.
        if (connections === 1) {
          client.once('connect', () => {
            line.become('silent')
            line.become('pass')
          })
        }
        return client
      },
      (error) => void errors.push(error),
      300,
    )
    let heard = 0
    await listener.listen('wake_late', () => heard++)
    await until(() => heard === 1, 'the word after the reconnect')
    assert.deepEqual([connections, errors.length], [2, 1])
    await listener.close()
  })
})

describe('a PostgreSQL server that cannot be reached', () => {
  const secrets = ['s3cr3t-pass', 's3cr3t%2Dpass']

  async function failure(url: string): Promise<Error> {
    try {
      await openDatabase({ ...options, url })
    } catch (error) {
      return error as Error
    }
    throw new Error('It was reached.')
  }

  it('is an error that says where and why, and never the password', async () => {
    const urls = [
      'postgres://ann:s3cr3t-pass@127.0.0.1:1/shop',
      'postgres://ann:s3cr3t%2Dpass@localhost:1/shop',
      'postgres://ann:s3cr3t-pass@no-such-host.invalid/shop',
      'postgres://ann:s3cr3t-pass@host:port/shop',
      'postgres//ann:s3cr3t-pass@host',
    ]
    for (const url of urls) {
      const error = await failure(url)
      assert.equal((error as { code?: string }).code, 'database-unreachable', url)
      for (const secret of secrets) {
        assert.ok(!inspect(error, { depth: 10 }).includes(secret), inspect(error))
      }
    }
    const refused = await failure(urls[0]!)
    assert.match(refused.message, /postgres:\/\/ann@127\.0\.0\.1:1\/shop: .*ECONNREFUSED/)
  })

  it('hides a password that the server itself quotes', async (t) => {
    // A server that speaks nonsense, with the password in it, as an error message.
    const text = 'SFATAL\0C28P01\0Mno such secret s3cr3t-pass\0\0'
    const head = Buffer.alloc(5)
    head.write('E')
    head.writeInt32BE(text.length + 4, 1)
    const server = createServer((socket) => socket.end(Buffer.concat([head, Buffer.from(text)])))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const { port } = server.address() as { port: number }
    const error = await failure(`postgres://ann:s3cr3t-pass@127.0.0.1:${port}/shop`)
    assert.ok(!inspect(error, { depth: 10 }).includes('s3cr3t-pass'), inspect(error))
  })
})

describe('a script that forgets to close PostgreSQL', () => {
  it('ends without waiting for the idle connections', () => {
    const index = fileURLToPath(new URL('../../src/database/index.ts', import.meta.url))
    const script = `import pg from 'pg'
import { openDatabase } from ${JSON.stringify(index)}
      const url = process.env.ENVOYER_TEST_DATABASE_URL
      const database = await openDatabase({ ...${JSON.stringify(options)}, url })
      const [row] = await database.execute('SELECT 1 AS one')
      process.on('exit', () => console.log(row.one, process.uptime() - done < 5))
      const done = process.uptime()`
    const run = [...typescript, '--input-type=module', '-e', script]
    const said = execFileSync(process.execPath, run, { timeout: 30_000 }).toString()
    assert.equal(said.trim(), '1 true')
  })
})
