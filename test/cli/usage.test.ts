import assert from 'node:assert/strict'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { before, describe, test } from 'node:test'
import { commandFolder, projectFolder, runCommand } from '../support/command.ts'

let folder: string
before(async () => {
  folder = await projectFolder()
})

/** Runs it with no configuration around. */
const run = (...args: string[]) => runCommand(args, { folder })

describe('wrong usage ends with 2, and says what is right', () => {
  const cases: [line: string, said: RegExp][] = [
    [
      'deliveries lst',
      /unknown command 'lst'\. Did you mean list\? See `envoyer deliveries --help`/,
    ],
    ['worker --chanels email', /unknown option '--chanels'\. Did you mean --channels\?/],
    ['deliveries show', /missing required argument 'id'.* See `envoyer deliveries show --help`/],
    ['send welcome', /required option '--to <recipient>' not specified/],
    ['deliveries list --since yesterday', /an instant with its offset .* or how long ago/],
    ['deliveries list --since 2026-02-30T08:00:00Z', /an instant with its offset .* to 8999/],
    ['deliveries list --until 999999999w', /an instant with its offset .* from 1970 to 8999/],
    ['send welcome --to a@b.example --at 2027-02-30T08:00:00Z', /an instant .*from now/],
    ['deliveries reschedule x --deadline 2027-04-31T08:00+02:00', /an instant .*from now/],
    ['worker --concurrency none', /a whole number greater than 0/],
    ['channels on email sms', /too many arguments/],
    ['completion fish', /Allowed choices are bash, zsh/],
  ]
  for (const [line, said] of cases) {
    test(line, async () => {
      const { code, stdout, stderr } = await run(...line.split(' '))
      assert.match(stderr, said)
      assert.match(stderr, /^usage: .*\n$/)
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
    })
  }

  test('without a command it shows the help', async () => {
    const { code, stdout, stderr } = await run()
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /^Usage: envoyer/)
  })
})

test('--help has examples and the flags of every command, --version the version', async () => {
  const help = await run('deliveries', 'list', '--help')
  assert.equal(help.code, 0)
  assert.match(help.stdout, /Examples:[\s\S]*envoyer deliveries list --status failed --since 2h/)
  assert.match(help.stdout, /--json/)
  assert.equal((await run('help', 'deliveries')).stdout, (await run('deliveries', '--help')).stdout)
  assert.deepEqual(await run('--version'), { code: 0, stdout: '9.8.7\n', stderr: '' })
})

describe('a configuration that cannot be used', () => {
  const config = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return run('channels', 'list', '--config', name)
  }

  test('is absent: it says where it looked, and does not look further up', async () => {
    await writeFile(join(folder, '..', 'envoyer.config.js'), 'export default {}')
    const { code, stderr } = await run('channels', 'list')
    assert.equal(code, 2)
    assert.match(stderr, /^config-missing: .*envoyer\.config\.ts, .* in .*project-.*envoyer init/)
    const named = await run('channels', 'list', '--config', 'nowhere.ts')
    assert.match(named.stderr, /^config-missing: .*there is no file nowhere\.ts/)
  })

  test('has no default export, or another thing for one', async () => {
    const none = await config('none.ts', 'export const envoyer: number = 1')
    assert.equal(none.code, 1)
    assert.match(none.stderr, /^config-unusable: .*none\.ts has no default export/)
    const other = await config('other.mjs', 'export default () => {}')
    assert.match(other.stderr, /the default export of other\.mjs is a function/)
  })

  test('throws while it is loaded: it says where, and shows no stack unless asked', async () => {
    const text =
      "const name: string = 'x'\n\nif (name) throw new Error('no such shop')\nexport default {}"
    const { code, stderr } = await config('throws.ts', text)
    assert.equal(code, 1)
    assert.match(stderr, /^config-unusable: .*throws\.ts:3:\d+: no such shop\. .*\n$/)
    const verbose = await run('channels', 'list', '--config', 'throws.ts', '--verbose')
    assert.match(verbose.stderr, /\n {4}at /)
  })

  test('is no JavaScript: it says where', async () => {
    const { stderr } = await config('syntax.ts', "export default {\n  channels: 'x\n}")
    assert.match(stderr, /^config-unusable: .*syntax\.ts.*\(?2:/)
    assert.doesNotMatch(stderr, /\n {4}at /)
  })

  test('has options that createEnvoyer refuses: all of them are told', async () => {
    const { code, stderr } = await config(
      'refused.ts',
      "export default { events: {}, channels: {}, zone: 'Mars/Base', locale: 'x_y_z' }",
    )
    assert.equal(code, 1)
    assert.match(stderr, /^configuration-invalid: [\s\S]*Mars\/Base[\s\S]*x_y_z/)
  })
})

test('a configuration in TypeScript is compiled once, and again where it was changed', async () => {
  const kept = join(commandFolder(), 'node_modules/.cache/envoyer/config')
  const mine = async () =>
    (await readdir(kept)).filter((name) => name.includes(`${basename(folder)}-once`))
  const names = async (event: string) => {
    const text = `const events: readonly string[] = ['${event}']
export default { channels: {}, names: { events }, deliveries: {}, send() {}, close() {} }`
    await writeFile(join(folder, 'once.ts'), text)
    return (await run('completion', 'events', '--config', 'once.ts')).stdout
  }
  assert.equal(await names('first'), 'first\n')
  const [file] = await mine()
  const { mtimeMs } = await stat(join(kept, file!))
  assert.equal(await names('first'), 'first\n')
  assert.equal((await stat(join(kept, file!))).mtimeMs, mtimeMs)
  assert.equal(await names('second'), 'second\n')
})
