import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openDatabase, runMigrations } from '../../src/database/index.ts'
import { Base1, openFor, temporaryDirectory } from '../support/database.ts'
import { typescript } from '../support/typescript.ts'

const options = { schema: 'envoyer', entities: [], migrations: [Base1] }

async function scripted(script: string, directory: string) {
  const file = join(await temporaryDirectory(), 'script.mts')
  const index = fileURLToPath(new URL('../../src/database/index.ts', import.meta.url))
  const open = `import { openDatabase } from ${JSON.stringify(index)}
    const database = await openDatabase({ schema: 'envoyer', entities: [], migrations: [], directory: ${JSON.stringify(directory)} })\n`
  await writeFile(file, open + script)
  const run = [...typescript, file]
  return promisify(execFile)(process.execPath, run, { timeout: 30_000 })
}

describe('the embedded database on disk', () => {
  it('keeps what was written, in a directory for its owner only', async (t) => {
    const directory = join(await temporaryDirectory(), 'deep', '.envoyer')
    const first = await openFor(t, 'embedded', { directory, schema: 'envoyer' })
    await first.database.execute('INSERT INTO envoyer.item VALUES (1)')
    await first.database.close()
    const second = await openFor(t, 'embedded', { directory, schema: 'envoyer' })
    assert.equal(await second.items(), 1)
    for (const path of [directory, join(directory, 'data')]) {
      assert.equal((await stat(path)).mode & 0o777, 0o700)
    }
    for (const name of await readdir(directory)) {
      assert.equal((await stat(join(directory, name))).mode & 0o077, 0, name)
    }
  })

  it('is opened by one at a time; the other is told who has it', async (t) => {
    const directory = await temporaryDirectory()
    const first = await openFor(t, 'embedded', { directory })
    await assert.rejects(openDatabase({ ...options, directory }), (error: Error) => {
      assert.match(error.message, new RegExp(`This process \\(${process.pid}\\)`))
      assert.ok(error.message.includes(directory))
      return true
    })
    await assert.rejects(scripted('', directory), ({ stderr }: { stderr: string }) => {
      assert.match(stderr, /\[database-locked\]/)
      assert.match(stderr, new RegExp(`Process ${process.pid} has had it open since 20`))
      return true
    })
    await first.database.close()
    const second = await openDatabase({ ...options, directory })
    await second.close()
  })

  it('opens after a first start that was killed halfway', async (t) => {
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'data.unfinished', 'base'), { recursive: true })
    await writeFile(join(directory, 'data.unfinished', 'PG_VERSION'), '18')
    const { items } = await openFor(t, 'embedded', { directory })
    assert.equal(await items(), 0)
    assert.deepEqual((await readdir(directory)).sort(), ['data', 'owner.1'])
  })

  it('gives the directory back where it cannot be opened', async () => {
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'data'))
    await writeFile(join(directory, 'data', 'PG_VERSION'), '9')
    for (const _ of [1, 2]) {
      await assert.rejects(openDatabase({ ...options, directory }), { code: 'database-stopped' })
    }
  })
})

describe('a script that forgets to close the embedded database', () => {
  it('ends, and loses nothing', async (t) => {
    const directory = await temporaryDirectory()
    const script = `await database.execute('CREATE TABLE note (id int)')
      database.execute('INSERT INTO note SELECT generate_series(1, 1000)')`
    await scripted(script, directory)
    const database = await openDatabase({ ...options, directory })
    t.after(() => database.close())
    // The last statement was not waited for by the script, but the process waited for it.
    assert.equal((await database.execute('SELECT * FROM note')).length, 1000)
  })
})

describe('the thread of the embedded database', () => {
  it('fails what is outstanding, and everything later, where it dies', async (t) => {
    const directory = await temporaryDirectory()
    const { database } = await openFor(t, 'embedded', { directory, schema: 'envoyer' })
    await database.execute('INSERT INTO envoyer.item VALUES (1)')
    const failed = { code: 'database-stopped' }
    const endless = database.execute('SELECT count(*) FROM generate_series(1, 100000000000)')
    const waiting = database.execute('SELECT 1')
    const outstanding = Promise.all([
      assert.rejects(endless, /has stopped.*took .* over/),
      assert.rejects(waiting, failed),
    ])
    // Without its lock file it is no longer sure to be alone, and must stop at once.
    for (const name of await readdir(directory)) {
      if (name.startsWith('owner.')) await rm(join(directory, name))
    }
    await outstanding
    await assert.rejects(database.execute('SELECT 1'), failed)
    await assert.rejects(database.source.query('SELECT 1'), /has stopped/)
    await database.close()
    const again = await openDatabase({ ...options, directory })
    assert.deepEqual(await runMigrations(again, 'envoyer'), [])
    assert.equal((await again.execute('SELECT * FROM envoyer.item')).length, 1)
    await again.close()
  })
})
