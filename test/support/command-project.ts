import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { projectFolder, type Ran, runCommand } from './command.ts'
import { type Engine, freshSchema, postgresUrl } from './engines.ts'

const config = (options: string) => `
import { type Backend, defineConfig, defineEvent, Permanent } from 'envoyer'
import { consoleChannel } from 'envoyer/channels/console'
import { z } from 'zod'

// Refuses everybody at closed.example, and says so of whatever it is asked to send.
const backend: Backend<unknown, { text?: string }> = {
  name: 'post',
  async send({ id, address }) {
    console.log('tried', address)
    if (String(address).endsWith('@closed.example')) throw new Permanent('no such box', { code: 'gone' })
    return { id }
  },
}

export default defineConfig({
  events: { welcome: defineEvent({ context: z.object({ name: z.string() }) }) },
  channels: { console: consoleChannel({ backend }) },
  recipient: { address: { console: (person: { email: string }) => person.email } },
  templates: './templates',
  zone: 'Europe/Berlin',
  ${options}
})
`

export interface CommandProject {
  readonly folder: string
  run(...args: string[]): Promise<Ran>
  /** Runs it with `--json`, and reads what it printed; fails where it does not end with `code`. */
  json(args: readonly string[], code?: number): Promise<never>
}

/** A project with a configuration in TypeScript, on an empty database of its own. */
export async function commandProject(engine: Engine): Promise<CommandProject> {
  const folder = await projectFolder()
  const options =
    engine.name === 'embedded'
      ? ''
      : `databaseUrl: ${JSON.stringify(postgresUrl())}, schema: '${freshSchema()}',`
  await writeFile(join(folder, 'envoyer.config.ts'), config(options))
  await mkdir(join(folder, 'templates/welcome'), { recursive: true })
  await writeFile(join(folder, 'templates/welcome/console.text.liquid'), 'Hello {{ name }}')
  const run = (...args: string[]) => runCommand(args, { folder })
  return {
    folder,
    run,
    async json(args, code = 0) {
      const ran = await run(...args, '--json')
      if (ran.code !== code)
        throw new Error(`${args.join(' ')} ended with ${ran.code}: ${ran.stderr}`)
      return JSON.parse(ran.stdout) as never
    },
  }
}
