import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '../../src/database/index.ts'
import { temporaryDirectory } from '../support/database.ts'
import { typescript } from '../support/typescript.ts'

const rounds = process.env.ENVOYER_THOROUGH ? 30 : 3
const options = { schema: 'envoyer', entities: [], migrations: [] }
const index = fileURLToPath(new URL('../../src/database/index.ts', import.meta.url))

/** Writes until it is killed, and says each number once it is committed. */
const writer = (directory: string) => `
  import { writeSync } from 'node:fs'
  import { openDatabase } from ${JSON.stringify(index)}
  const database = await openDatabase({ ...${JSON.stringify(options)}, directory: ${JSON.stringify(directory)} })
  await database.execute('CREATE TABLE IF NOT EXISTS note (id int PRIMARY KEY, half int)')
  const [last] = await database.execute('SELECT max(id) AS id FROM note')
  for (let id = (last.id ?? 0) + 1; ; id++) {
    await database.transaction(async (tx) => {
      await tx.execute('INSERT INTO note VALUES ($1, 1)', [id])
      await tx.execute('UPDATE note SET half = 2 WHERE id = $1', [id])
    })
    writeSync(1, id + '\\n')
  }`

describe('a process killed in the midst of writing', () => {
  it('loses nothing that it was told is committed, and is followed at once', async () => {
    const directory = await temporaryDirectory()
    const file = join(await temporaryDirectory(), 'writer.mts')
    await writeFile(file, writer(directory))
    let acknowledged = 0
    for (let round = 0; round < rounds; round++) {
      acknowledged = await killWhileWriting(file)
      const database = await openDatabase({ ...options, directory })
      const [row] = await database.execute(
        `SELECT count(*)::int AS count, max(id) AS last, count(*) FILTER (WHERE half = 1)::int AS torn
         FROM note`,
      )
      assert.ok(Number(row?.last) >= acknowledged, `${row?.last} of ${acknowledged}`)
      assert.equal(row?.count, row?.last)
      assert.equal(row?.torn, 0)
      await database.close()
    }
    assert.ok(acknowledged > 0)
  })
})

/** Gives the last number that the killed process called committed. */
async function killWhileWriting(file: string): Promise<number> {
  const child = spawn(process.execPath, [...typescript, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  // At no particular moment, once it is under way.
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), 20 + Math.random() * 300))
  await new Promise((resolve) => child.once('close', resolve))
  assert.equal(child.signalCode, 'SIGKILL')
  // The last line may be cut off.
  const numbers = said.slice(0, said.lastIndexOf('\n')).split('\n')
  return Number(numbers.at(-1))
}
