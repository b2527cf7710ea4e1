import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Consumer, createConsumer, installed, root } from './consumer.ts'

const megabyte = 1024 * 1024
const bin = (name: string) => join(root, 'node_modules/.bin', name)

describe('the package, installed into an empty project', () => {
  let consumer: Consumer
  before(async () => {
    consumer = await createConsumer()
  })
  after(() => consumer?.[Symbol.asyncDispose]())

  test('holds what it needs and nothing else, and what its pages lead to', async (t) => {
    const { size, unpackedSize, files } = consumer.packed
    const paths = files.map(({ path }) => path)
    const mb = (bytes: number) => (bytes / megabyte).toFixed(1)
    t.diagnostic(`${mb(size)} MB packed, ${mb(unpackedSize)} MB unpacked, ${paths.length} files`)
    assert.ok(paths.includes('dist/empty-database.tar.gz'))
    const known =
      /^(dist\/(src|channels)\/.*\.(js|d\.ts)|dist\/empty-database\.tar\.gz|docs\/(tutorial|guides|reference|explanation|deployment|monitoring)\/.+|[^/]+)$/
    assert.deepEqual(
      paths.filter((path) => !known.test(path)),
      [],
    )
    assert.ok(size < 6 * megabyte)
    for (const page of ['README.md', 'CHANGELOG.md']) {
      const text = await readFile(join(root, page), 'utf8')
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path!)
      assert.deepEqual(
        links.filter((path) => !paths.includes(path)),
        [],
        `${page} leads to what is not there`,
      )
    }
  })

  test('has an exports map that every way of importing reads right', async () => {
    await consumer.run(bin('publint'), 'run', consumer.tarball, '--strict')
    await consumer.run(bin('attw'), consumer.tarball, '--profile', 'esm-only')
  })

  test('needs no script of any package to install', async () => {
    const lock = await readFile(join(consumer.folder, 'package-lock.json'), 'utf8')
    assert.doesNotMatch(lock, /hasInstallScript/)
  })

  // Every declaration that ours lead to is checked too, without the types of `pg` being there.
  test('compiles in strict TypeScript, and runs', async () => {
    await consumer.run(bin('tsc'), '-p', '.')
    const printed = await consumer.run(process.execPath, 'out/app.js')
    assert.match(printed, /Hello Ada, order 42 left on 2026-01-31\./)
    assert.match(printed, /^1 sent, 0 skipped\ncontext-invalid\n$/m)
  })

  test('runs from a JavaScript module', async () => {
    const printed = await consumer.run(process.execPath, 'app.mjs')
    assert.match(printed, /Hello Ada[\s\S]*1 sent\n$/)
  })

  test('runs from CommonJS', async () => {
    const printed = await consumer.run(process.execPath, 'app.cjs')
    assert.match(printed, /Hello Ada[\s\S]*1 sent\n$/)
  })

  test('brings the command, which makes a project that runs, and reads TypeScript', async () => {
    const envoyer = join(consumer.folder, 'node_modules/.bin/envoyer')
    const made = await consumer.run(envoyer, 'init', 'first')
    assert.match(made, /Next:\n {2}cd first\n {2}npm start\n/)
    const started = await consumer.run('npm', 'start', '--silent', '--prefix', 'first')
    assert.match(started, /Welcome, Jane!/)
    const typed =
      "export { default } from './first/envoyer.config.mjs'\nexport const typed: number = 1\n"
    await writeFile(join(consumer.folder, 'typed.ts'), typed)
    const names = await consumer.run(envoyer, 'completion', 'events', '--config', 'typed.ts')
    assert.equal(names, 'welcome\n')
  })

  test('says which optional package is missing, and how to install it', async () => {
    const printed = await consumer.run(process.execPath, 'without-nodemailer.mjs')
    assert.match(printed, /npm install nodemailer/)
  })

  test('delivers over SMTP and HTTP once nodemailer is there', async () => {
    await consumer.npmInstall(await installed('nodemailer'))
    const printed = await consumer.run(process.execPath, 'providers.mjs')
    assert.match(printed, /3 sent; mail: Order 42 is on its way; webhook: 42\n$/)
  })
})
