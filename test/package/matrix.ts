/**
 * What `npm run test:matrix` runs: the package on every Node.js that it is said to run on. Their
 * binaries come from the registry; packages are named after platforms.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConsumer, installed, run } from './consumer.ts'

const versions = ['20.19', '22.13', '22', '24']
const programs: Record<string, RegExp> = {
  'out/app.js': /1 sent, 0 skipped\ncontext-invalid\n$/,
  'app.mjs': /Hello Ada[\s\S]*1 sent\n$/,
  'app.cjs': /Hello Ada[\s\S]*1 sent\n$/,
  'providers.mjs': /3 sent; mail: Order 42 is on its way; webhook: 42\n$/,
}
const platform = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`

const folder = await mkdtemp(join(tmpdir(), 'envoyer-matrix-'))
let failed = 0
try {
  await using consumer = await createConsumer()
  await consumer.npmInstall(await installed('nodemailer'))
  await consumer.run(join(import.meta.dirname, '../../node_modules/.bin/tsc'), '-p', '.')
  for (const version of versions) {
    const node = await installNode(version)
    const exact = (await consumer.run(node, '--version')).trim()
    for (const [program, expected] of Object.entries(programs)) {
      const started = performance.now()
      const printed = await consumer.run(node, program).catch((error: Error) => error.message)
      const ok = expected.test(printed)
      if (!ok) failed += 1
      const took = `${((performance.now() - started) / 1000).toFixed(1)} s`
      console.log(`${ok ? '✔' : '✖'} Node.js ${exact}: ${program} (${took})`)
      if (!ok) console.log(printed)
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
console.log(failed === 0 ? 'All passed.' : `${failed} failed.`)
process.exitCode = failed === 0 ? 0 : 1

async function installNode(version: string): Promise<string> {
  const place = join(folder, version)
  await mkdir(place)
  await writeFile(join(place, 'package.json'), '{ "private": true }')
  const options = ['--no-audit', '--no-fund', '--ignore-scripts']
  await run(place, 'npm', ['install', ...options, `${platform}@${version}`])
  return join(place, 'node_modules', platform, 'bin/node')
}
