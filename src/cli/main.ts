#!/usr/bin/env node
import { run } from './run.ts'

/** What a configuration still holds open when all is done is not waited for. */
const patienceMs = 1000

// `envoyer deliveries list | head`: whoever reads no more wants no more.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

process.exitCode = await run(process.argv.slice(2))
setTimeout(() => process.exit(), patienceMs).unref()
