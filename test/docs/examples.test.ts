import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { removeFolder } from '../support/bundle.ts'
import { freshDatabaseUrl } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'
import { typescript } from '../support/typescript.ts'
import { createFolder, typeProblems, writeInto } from './folder.ts'
import { blocksOf, isFile, readPage } from './page.ts'
import { runPieces, writePieces } from './pieces.ts'
import { createReader } from './reader.ts'

/** What a page names, and this test has elsewhere. */
const documented = {
  database: 'postgres://postgres:secret@localhost:5432/postgres',
  port: '2525',
}

/** Pages whose programs are run as they stand. */
const followed = [
  'README.md',
  'docs/tutorial/first-notification.md',
  'docs/guides/transactions.md',
  'docs/guides/failures.md',
  'docs/guides/failover.md',
  'docs/guides/plugins.md',
  'docs/guides/rehearsals.md',
  'docs/guides/sensitive-data.md',
  'docs/guides/testing.md',
  'docs/guides/windows.md',
]
let folder: string
const toCheck: string[] = []

before(async () => {
  folder = await createFolder()
})
after(() => removeFolder(folder))

describe('what a page says, done', () => {
  for (const path of followed) {
    test(path, async () => {
      const name = path.replace(/\W+/g, '-')
      const [work, keep] = [join(folder, name), join(folder, `${name}-kept`)]
      await mkdir(work)
      const database = new URL(await freshDatabaseUrl()).href
      const port = String(await freePort())
      const reader = createReader({
        folder: work,
        keep,
        replace: (text) =>
          text.replaceAll(documented.database, database).replaceAll(documented.port, port),
      })
      const blocks = blocksOf(await readPage(path))
      assert.ok(blocks.some(isFile), 'no file to write')
      try {
        for (const block of blocks) await reader.follow(block)
      } finally {
        await reader.close()
      }
      for (const at of reader.snapshots) toCheck.push(...(await sourcesIn(at)))
    })
  }
})

test('a channel takes no more lines, and a backend neither, than the guide says', async () => {
  const page = await readPage('docs/guides/plugins.md')
  const said = /becomes a channel in (\d+) lines, .* its backend in (\d+),\s+with (\d+) more/.exec(
    page,
  )
  const [, channel, backend, errors] = (said ?? []).map(Number)
  const linesOf = (name: string) =>
    blocksOf(page)
      .find(({ words }) => words[0] === name)!
      .text.trimEnd()
      .split('\n').length
  assert.ok(linesOf('chat.ts') <= channel!, `${linesOf('chat.ts')} lines`)
  assert.ok(linesOf('chat-webhook.ts') <= backend!, `${linesOf('chat-webhook.ts')} lines`)
  assert.ok(linesOf('chat-errors.ts') <= errors!, `${linesOf('chat-errors.ts')} lines`)
})

test('the transactions of the guide write both or nothing on PostgreSQL', async () => {
  const pieces = blocksOf(await readPage('docs/guides/transactions.md')).filter(
    (block) => block.language === 'ts' && block.text.includes('UPDATE orders'),
  )
  assert.equal(pieces.length, 2)
  const databaseUrl = await freshDatabaseUrl()
  for (const [index, { text }] of pieces.entries()) {
    const path = `joined/${index}.ts`
    await writeInto(folder, path, joined(text))
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...typescript, join(folder, path)],
      { cwd: folder, env: { ...process.env, ENVOYER_DATABASE_URL: databaseUrl } },
    )
    assert.deepEqual(JSON.parse(stdout), { shipped: [true, false], deliveries: 1 })
  }
})

/** A program that does what the piece shows, and then once more with a statement that fails. */
function joined(piece: string): string {
  return `
import pg from 'pg'
import { DataSource } from 'typeorm'
import { z } from 'zod'
import { createEnvoyer, defineEvent } from 'envoyer'
import { consoleChannel } from 'envoyer/channels/console'

const url = process.env.ENVOYER_DATABASE_URL!
const source = await new DataSource({ type: 'postgres', url }).initialize()
const pool = new pg.Pool({ connectionString: url })
const envoyer = createEnvoyer({
  events: {
    'order-shipped': defineEvent({ context: z.object({ orderId: z.string() }), channels: ['console'] }),
  },
  channels: { console: consoleChannel() },
})
await envoyer.migrate()
await pool.query('DROP TABLE IF EXISTS orders')
await pool.query('CREATE TABLE orders (id text PRIMARY KEY, shipped_at timestamptz)')
await pool.query("INSERT INTO orders VALUES ('1', NULL), ('2', NULL)")
const jane = { email: 'jane@example.com' }
const since = new Date()
async function ship(orderId: string) {
${piece}
}
await ship('1')
// The commit fails, after all that the piece does.
await pool.query(\`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$\`).catch(() => {})
await pool.query(\`CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON orders
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()\`)
await ship('2').then(() => process.exit(1), () => {})
const { rows } = await pool.query('SELECT shipped_at IS NOT NULL AS shipped FROM orders ORDER BY id')
const deliveries = await envoyer.deliveries.list({ since })
console.log(JSON.stringify({ shipped: rows.map((row) => row.shipped), deliveries: deliveries.length }))
await Promise.all([envoyer.close(), source.destroy(), pool.end()])
`
}

test('the programs and pieces of all pages compile, and the pieces run', async () => {
  const pieces = await writePieces(folder)
  const files = pieces.map(({ file }) => file)
  assert.deepEqual(typeProblems(folder, [...toCheck, ...files, 'sentry.d.ts']), [])
  assert.ok(pieces.length > 50, `${pieces.length} pieces`)
  assert.deepEqual(await runPieces(folder, pieces), [])
})

async function sourcesIn(kept: string): Promise<string[]> {
  const names = await readdir(kept)
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => relative(folder, join(kept, name)))
}
