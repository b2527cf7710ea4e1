import type { Command } from 'commander'
import { type AnyEnvoyer, loadEnvoyer } from './config.ts'
import { createOut, type Out } from './output/out.ts'

/** What every command takes. */
export interface Globals {
  readonly config?: string
  readonly json?: true
  readonly verbose?: true
}

/** What a command works with. */
export interface Session {
  readonly envoyer: AnyEnvoyer
  readonly out: Out
}

/** Arguments of a command as commander hands them over: those that were not given are undefined. */
type Positional = readonly never[]

/** The action of a command that needs no envoyer. */
export function alone<Options>(
  run: (out: Out, options: Options & Globals, ...given: Positional) => Promise<void> | void,
) {
  return async (...all: unknown[]): Promise<void> => {
    const command = all.at(-1) as Command
    const globals = command.optsWithGlobals<Options & Globals>()
    await run(createOut(globals.json === true), globals, ...(all.slice(0, -2) as never[]))
  }
}

/** The action of a command on the envoyer of the configuration, which is closed after it. */
export function onEnvoyer<Options>(
  run: (session: Session, options: Options & Globals, ...given: Positional) => Promise<void>,
) {
  return alone<Options>(async (out, options, ...given) => {
    const envoyer = await loadEnvoyer(options.config)
    try {
      await run({ envoyer, out }, options, ...given)
    } finally {
      await envoyer.close()
    }
  })
}
