import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { typescript } from '../support/typescript.ts'
import { snapshot, writeInto } from './folder.ts'
import { type Block, isFile } from './page.ts'

const patienceMs = 60_000

/** Somebody who does what a page says, and compares what is seen with what it shows. */
export interface Reader {
  follow(block: Block): Promise<void>
  /** The folders in which the files of the page are kept, as they were at each run. */
  readonly snapshots: readonly string[]
  /** Ends what still runs. */
  close(): Promise<void>
}

export interface ReaderOptions {
  readonly folder: string
  /** Where `snapshots` are made. */
  readonly keep: string
  /** What is different for this reader: ports, URLs. */
  replace(text: string): string
}

interface Program {
  readonly child: ChildProcess
  output: string
  readonly ended: Promise<number | null>
}

export function createReader({ folder, keep, replace }: ReaderOptions): Reader {
  const environment: Record<string, string> = {}
  const running = new Map<string, Program>()
  const snapshots: string[] = []
  let shown = ''
  let changed = true

  const start = (file: string, args: readonly string[]): Program => {
    const child = spawn(process.execPath, [...typescript, file, ...args], {
      cwd: folder,
      // Without the word of the runner that it is one of its tests: it speaks for a person.
      env: {
        ...process.env,
        NODE_TEST_CONTEXT: undefined,
        NODE_OPTIONS: '',
        NO_COLOR: '1',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    const program: Program = { child, output: '', ended }
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        program.output += text
      })
    }
    return program
  }
  const run = async (line: string, where: string) => {
    const exported = /^export (\w+)=(.*)$/.exec(line)
    const command = /^(?:npx tsx|node) (\S+)((?: \S+)*)$/.exec(line)
    if (exported) environment[exported[1]!] = replace(exported[2]!)
    else if (!command) assert.fail(`${where}: the test cannot run \`${line}\``)
    else return start(command[1]!, command[2]!.split(' ').filter(Boolean))
    return undefined
  }
  const takeSnapshot = async () => {
    if (!changed) return
    changed = false
    const to = `${keep}/${snapshots.length + 1}`
    await snapshot(folder, to)
    snapshots.push(to)
  }
  const stop = async (name: string) => {
    const program = running.get(name)!
    running.delete(name)
    program.child.kill('SIGINT')
    await program.ended
  }
  const waitUntilShown = async (name: string, expected: string, where: string) => {
    const program = running.get(name)
    assert.ok(program, `${where}: ${name} does not run`)
    const deadline = Date.now() + patienceMs
    while (!matches(program.output, expected)) {
      const dead = program.child.exitCode !== null
      if (dead || Date.now() > deadline) assert.equal(program.output.trim(), expected.trim(), where)
      await sleep(50)
    }
  }
  return {
    snapshots,
    async follow(block) {
      const where = `line ${block.line}`
      const [word = '', name = ''] = block.words
      const lines = block.text.split('\n').filter((line) => line.trim() !== '')
      if (isFile(block)) {
        changed = true
        for (const path of block.words) await writeInto(folder, path, replace(block.text))
      } else if (block.language === 'sh' && word === 'run') {
        await takeSnapshot()
        for (const line of lines) {
          const program = await run(line, where)
          if (!program) continue
          const code = await program.ended
          assert.equal(code, 0, `${where}: \`${line}\` ended with ${code}\n${program.output}`)
          shown = program.output
        }
      } else if (block.language === 'sh' && word === 'start') {
        await takeSnapshot()
        for (const line of lines) {
          const program = await run(line, where)
          if (program) running.set(/(\S+\.\w+)/.exec(line)![1]!, program)
        }
      } else if (word === 'output') {
        if (!matches(shown, replace(block.text))) {
          assert.equal(shown.trim(), replace(block.text).trim(), where)
        }
      } else if (word === 'shown') await waitUntilShown(name, replace(block.text), where)
      else if (block.language === 'test' && word === 'stop') await stop(name)
    },
    async close() {
      for (const { child, ended } of running.values()) {
        child.kill('SIGKILL')
        await ended
      }
    },
  }
}

/** Ids are others each time; `…` stands for anything in its line. */
export function matches(output: string, expected: string): boolean {
  const id = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
  const pattern = expected
    .trim()
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(new RegExp(id, 'g'), id)
    .replaceAll('…', '.*')
  return new RegExp(`^${pattern}$`).test(output.trim())
}
