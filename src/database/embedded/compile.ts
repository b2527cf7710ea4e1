import { readFile } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'

// Node has it, but its types are those of a browser.
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { compile(bytes: Uint8Array): Promise<object> }
}

/**
 * How much of a WebAssembly function runs (bytes, about) before V8 optimizes it: by default, by V8's
 * major version, as far as it was looked up (`node --v8-options`).
 */
export const defaultBudgets: Readonly<Record<string, number>> = {
  11: 1_800_000,
  12: 13_000_000,
  13: 13_000_000,
  14: 13_000_000,
}
const patientBudget = 2_000_000_000

/** A second database in this process, as in tests, starts twice as fast. */
let compiled: Promise<object> | undefined

/**
 * PGlite's WebAssembly.Module; begun early, it is ready when the thread is started.
 *
 * V8 would optimize much of PostgreSQL while it starts: up to three seconds of a processor, for which
 * even the end of the process waits (Node.js 24), and after which it is hardly faster. The budget is a
 * module's from its beginning; other modules keep the default.
 */
export function compileEngine(): Promise<object> {
  compiled ??= compile()
  return compiled
}

async function compile(): Promise<object> {
  const file = new URL('./pglite.wasm', import.meta.resolve('@electric-sql/pglite'))
  const bytes = await readFile(file)
  const budget = defaultBudgets[process.versions.v8.split('.')[0]!]
  if (budget === undefined) return WebAssembly.compile(bytes)
  setBudget(patientBudget)
  try {
    return await WebAssembly.compile(bytes)
  } finally {
    setBudget(budget)
  }
}

const setBudget = (bytes: number) => setFlagsFromString(`--wasm-tiering-budget=${bytes}`)
