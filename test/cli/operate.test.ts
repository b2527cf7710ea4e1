import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { projectFolder, type Ran, runCommand } from '../support/command.ts'
import { type Engine, freshSchema, onEveryEngine, postgresUrl } from '../support/engines.ts'

const config = (options: string) => `
import { defineConfig, defineEvent, type Backend } from 'envoyer'
import { consoleChannel } from 'envoyer/channels/console'
import { z } from 'zod'

// Refuses everybody at closed.example.
const refusing: Backend<unknown, { text?: string }> = {
  name: 'refusing',
  async send({ id, address }) {
    if (String(address).endsWith('closed.example')) throw Object.assign(new Error('no'), { code: 'gone' })
    return { id }
  },
}

export default defineConfig({
  events: {
    welcome: defineEvent({ context: z.object({ name: z.string() }) }),
    review: defineEvent({ context: z.object({}) }),
  },
  channels: { console: consoleChannel({ backend: refusing, retry: () => null }) },
  templates: './templates',
  zone: 'Europe/Berlin',
  ${options}
})
`

const optionsOf = (engine: Engine) =>
  engine.name === 'embedded'
    ? ''
    : `databaseUrl: ${JSON.stringify(postgresUrl())}, schema: '${freshSchema()}',`

onEveryEngine('commands', (engine) => {
  let folder: string
  before(async () => {
    folder = await projectFolder()
    await writeFile(join(folder, 'envoyer.config.ts'), config(optionsOf(engine)))
    await mkdir(join(folder, 'templates/welcome'), { recursive: true })
    await writeFile(join(folder, 'templates/welcome/console.text.liquid'), 'Hello {{ name }}')
  })
  const run = (...args: string[]) => runCommand(args, { folder })
  const json = async (...args: string[]) => {
    const ran = await run(...args, '--json')
    assert.equal(ran.code, 0, ran.stderr)
    return JSON.parse(ran.stdout)
  }
  const done = (ran: Ran) => {
    assert.equal(ran.stderr, '')
    assert.equal(ran.code, 0)
    return ran.stdout
  }

  test('migrate tells first what would run', async () => {
    if (engine.name === 'postgres') {
      const early = await run('deliveries', 'list')
      assert.equal(early.code, 1)
      assert.match(early.stderr, /^schema-old: .*envoyer migrate/)
      const { migrations } = await json('migrate', '--dry-run')
      assert.ok(migrations.length >= 3)
      assert.deepEqual((await json('migrate')).migrations, migrations)
    }
    assert.match(done(await run('migrate')), /up to date/)
  })
})
