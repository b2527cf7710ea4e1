/**
 * Loaded into the process of each test file: a test that hangs, and a handle that is left open,
 * end the process with their names. The runner's own limit is one for a whole file and names none.
 */
process.setSourceMapsEnabled(true)

const limitMs = Number(process.env.ENVOYER_TEST_LIMIT_MS)
const idleMs = 60_000

// Processes that a test starts inherit what is loaded into it; they are no tests.
if (process.env.NODE_TEST_CONTEXT && limitMs > 0 && process.argv[1]?.endsWith('.test.js')) {
  const { afterEach, beforeEach } = await import('node:test')
  const running = new Map<string, NodeJS.Timeout>()
  let idle: NodeJS.Timeout | undefined
  const end = (message: string) => {
    process.stderr.write(`\n${process.argv[1]}: ${message}\n`, () => process.exit(1))
  }
  const after = (ms: number, message: () => string) =>
    // Not kept alive by the limit: a promise that nothing can resolve any more is told at once.
    setTimeout(() => end(message()), ms).unref()

  beforeEach((t) => {
    clearTimeout(idle)
    const { name, fullName = name } = t as { name: string; fullName?: string }
    running.set(
      fullName,
      after(limitMs, () => `still running after ${limitMs / 1000} s: ${fullName}`),
    )
  })
  afterEach((t) => {
    const { name, fullName = name } = t as { name: string; fullName?: string }
    clearTimeout(running.get(fullName))
    running.delete(fullName)
    clearTimeout(idle)
    // A part of a test that goes on.
    if (running.size > 0) return
    idle = after(idleMs, () => {
      const open = process.getActiveResourcesInfo().join(', ')
      return `still open ${idleMs / 1000} s after its last test: ${open}`
    })
  })
}
