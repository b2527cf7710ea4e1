import { type ChannelOptions, defineChannel } from '../../src/channel/channel.ts'
import { consoleAddress } from './address.ts'
import { stdout } from './stdout.ts'

export { type ConsoleMessage, type StdoutOptions, stdout } from './stdout.ts'

const parts = { text: 'optional' } as const
const configure = defineChannel<string, typeof parts, Record<never, never>>({
  address: consoleAddress,
  parts,
  groupAtMost: 1000,
})

/**
 * The console channel: prints messages instead of sending them. Reaches every recipient, and needs
 * no template.
 *
 * ```ts
 * createEnvoyer({ channels: { console: consoleChannel() }, … })
 * ```
 *
 * It is not called `console`, which would hide the global of that name where it is imported.
 */
export function consoleChannel(
  options: Partial<ChannelOptions<string, typeof parts, Record<never, never>>> = {},
) {
  return configure({ backend: stdout(), ...options })
}
