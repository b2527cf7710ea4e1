/**
 * Every command line that the pages and the help show, given to a shell in a project that has what
 * they name, while its application sends and delivers: all of them on the embedded database, one of
 * each command on PostgreSQL, too.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { createProgram } from '../../src/cli/program.ts'
import { exampleId, examples, leaves, pathOf } from '../../src/cli/tree.ts'
import type { Envoyer } from '../../src/envoyer.ts'
import { commandLines } from '../docs/commands.ts'
import { pages, readPage } from '../docs/page.ts'
import { mainPath, projectFolder } from '../support/command.ts'
import { until } from '../support/database.ts'
import { freshDatabaseUrl, freshSchema, onEveryEngine, postgresUrl } from '../support/engines.ts'

const config = (where: string) => `
import { createEnvoyer, defineEvent, Permanent } from 'envoyer'
import { consoleChannel } from 'envoyer/channels/console'
import { email } from 'envoyer/channels/email'
import { sms } from 'envoyer/channels/sms'
import { z } from 'zod'

const backend = {
  name: 'pretended',
  async send({ id, address }) {
    if (JSON.stringify(address).includes('closed.example')) throw new Permanent('nobody there', { code: 'ECONNREFUSED' })
    return { id }
  },
  async verify() {},
}

export default createEnvoyer({
  events: {
    'order-shipped': defineEvent({ context: z.object({ orderId: z.string() }) }),
    newsletter: defineEvent({ context: z.object({ title: z.string() }), channels: ['email'] }),
    'password-reset': defineEvent({ context: z.object({ code: z.string() }), channels: ['sms'] }),
  },
  channels: { console: consoleChannel({ backend }), email: email({ backend }), sms: sms({ backend }) },
  templates: new URL('templates', import.meta.url),
  zone: 'Europe/Berlin',
  secretKey: '${Buffer.alloc(32, 'k').toString('base64')}',
  ${where}
})
`

const files: Readonly<Record<string, string>> = {
  'people.json': '[{ "email": "jane@example.com" }, { "email": "ada@example.com" }]',
  'issue.json': '{ "title": "Winter" }',
  'context.json': '{ "code": "4711" }',
  'order.json': '{ "orderId": "1042" }',
  'neu.html': '<p>Bestellung {{ orderId }} ist unterwegs</p>',
  'templates/order-shipped/console.text.liquid': 'Order {{ orderId }}',
  'templates/order-shipped/email.subject.liquid': 'Order {{ orderId }}',
  'templates/order-shipped/email.html.liquid': '<p>Order {{ orderId }}</p>',
  'templates/order-shipped/sms.text.liquid': 'Order {{ orderId }}',
  'templates/newsletter/email.subject.liquid': '{{ title }}',
  'templates/newsletter/email.html.liquid': '<p>{{ title }}</p>',
  'templates/password-reset/sms.text.liquid': '{{ code }}',
}

/** What a shell finds before all else: the command, and a browser that only says what it is to open. */
const programs = (): Readonly<Record<string, string>> => ({
  envoyer: `exec '${process.execPath}' '${mainPath()}' "$@"`,
  'xdg-open': 'echo "$1" > opened',
  open: 'echo "$1" > opened',
})

/** The folder of these programs. */
let bin: string
before(async () => {
  bin = await projectFolder()
  for (const [name, line] of Object.entries(programs())) {
    await writeFile(join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 })
  }
})

async function makeProject(database?: string): Promise<string> {
  const folder = await projectFolder()
  const where = database ?? `directory: ${JSON.stringify(join(folder, 'database'))},`
  for (const [path, body] of Object.entries({ ...files, 'envoyer.config.mjs': config(where) })) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), body)
  }
  await mkdir(join(folder, '.local/share/bash-completion/completions'), { recursive: true })
  return folder
}

const program = createProgram()
const yesTakers = leaves(program)
  .filter(({ options }) => options.some(({ long }) => long === '--yes'))
  .map(pathOf)

const read = await Promise.all((await pages()).map(readPage))
const helped = leaves(program).flatMap((command) => examples(command).map(([, line]) => line))
const documented = [...new Set([...read.flatMap(commandLines), ...helped])].filter((line) =>
  line.startsWith('envoyer '),
)
/** One line of each command; the other tests of the command line run on PostgreSQL, too. */
const oneOfEach = leaves(program).flatMap((command) => {
  const path = pathOf(command)
  return documented.filter((line) => line === path || line.startsWith(`${path} `)).slice(0, 1)
})
const isMove = (line: string) => /^envoyer move\b/.test(line)
const isInit = (line: string) => /^envoyer init\b/.test(line)

/** Runs for as long as it is let. */
const isEndless = (line: string) => /^envoyer worker\b|--watch\b/.test(line)

const start = (line: string, cwd: string) =>
  spawn('sh', ['-c', `exec ${line}`], {
    cwd,
    env: {
      ...process.env,
      NODE_TEST_CONTEXT: undefined,
      NODE_OPTIONS: '',
      HOME: cwd,
      PATH: `${bin}${delimiter}${process.env.PATH}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

const run = async (line: string, cwd: string): Promise<string> => {
  const child = start(line, cwd)
  const ended = once(child, 'close')
  const [out, err] = [text(child.stdout), text(child.stderr)]
  const [code] = await ended
  assert.equal(code, 0, `${line} ended with ${code}\n${await err}${await out}`)
  return out
}

const runAWhile = async (line: string, cwd: string): Promise<void> => {
  const child = start(line, cwd)
  const ended = once(child, 'close')
  const err = text(child.stderr)
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    said += more
  })
  await until(() => said !== '' || child.exitCode !== null, `${line} says something`, 60_000)
  child.kill('SIGINT')
  assert.deepEqual(await ended, [0, null], `${line}\n${await err}${said}`)
  assert.notEqual(said, '')
}

onEveryEngine('every command that is shown does what it says', (engine) => {
  let folder: string
  let app: Envoyer<never, never>

  before(async () => {
    folder = await makeProject(
      engine.name === 'postgres'
        ? `databaseUrl: '${postgresUrl()}', schema: '${freshSchema()}',`
        : undefined,
    )
    app = (await import(pathToFileURL(join(folder, 'envoyer.config.mjs')).href)).default
    await app.migrate()
    // On the embedded database it is the owner, and the commands go through it.
    await app.worker({ pollMs: 100, stopOn: [] })
  })
  after(() => app.close())

  /** A delivery with which the command has something to do. */
  const deliveryFor = async (line: string): Promise<string> => {
    const fails = /deliveries retry/.test(line)
    const waits = /deliveries (cancel|reschedule)/.test(line)
    const to = { email: fails ? 'jane@closed.example' : 'jane@example.com' }
    const options = {
      channels: ['email'],
      ...(waits && { at: new Date(Date.now() + 3_600_000) }),
    }
    const sent = await app.send(
      'order-shipped' as never,
      to as never,
      { orderId: '1' } as never,
      options as never,
    )
    if (!waits) await app.waitFor(sent)
    return sent.deliveries[0]!.id
  }

  const lineFor = async (shown: string): Promise<string> => {
    let line = shown.replace(/ \| jq .*$/, '').replaceAll('2026-12-01T08:00:00Z', '3d')
    if (line.includes(exampleId)) line = line.replaceAll(exampleId, await deliveryFor(line))
    const asks = yesTakers.some((path) => line.startsWith(path))
    return asks && !/ --(yes|dry-run)\b/.test(line) ? `${line} --yes` : line
  }

  const lines = engine.name === 'embedded' ? documented : oneOfEach
  for (const shown of lines) {
    if (isMove(shown) || isInit(shown)) continue
    test(shown, async () => {
      const line = await lineFor(shown)
      if (isEndless(line)) return runAWhile(line, folder)
      const out = await run(line, folder)
      if (shown.includes('| jq')) JSON.parse(out)
      if (!shown.includes(' > ')) assert.notEqual(out, '')
    })
  }

  if (engine.name !== 'embedded') return
  test('what they leave behind is there', async () => {
    const left = (path: string) => readFile(join(folder, path), 'utf8')
    assert.match(await left('opened'), /preview.*\.html/)
    assert.match(
      await left('.local/share/bash-completion/completions/envoyer'),
      /complete .*envoyer/,
    )
    assert.match(await left('templates/order-shipped/de/email.html.liquid'), /unterwegs/)
  })
})

describe('where a project begins, and where it grows', () => {
  for (const shown of documented.filter(isInit)) {
    test(shown, async () => {
      assert.match(await run(shown, await projectFolder()), /npm start/)
    })
  }

  // They differ in the address only.
  for (const shown of documented.filter(isMove).slice(0, 1)) {
    test(shown, async () => {
      const folder = await makeProject()
      await run('envoyer send newsletter --to @people.json --context @issue.json', folder)
      const moved = await run(shown.replace(/postgres:\S+/, await freshDatabaseUrl()), folder)
      assert.match(moved, /^delivery +2$/m)
    })
  }

  test('the pages show both, and much else', () => {
    for (const some of [isMove, isInit, isEndless]) assert.ok(documented.some(some))
    assert.ok(documented.length > 60, `${documented.length} commands`)
    assert.equal(oneOfEach.length, leaves(program).length)
  })
})
