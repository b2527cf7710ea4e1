import { Permanent } from '../errors.ts'
import type { Backend, Outgoing } from './backend.ts'
import type { AnyChannel, Channel } from './channel.ts'
import { gather } from './gather.ts'
import type { PartSpecs } from './part.ts'
import { type Simulation, simulations } from './simulations.ts'

/**
 * `refused@simulator.example`, `refused+7@simulator.example`, `https://refused.simulator.example/7`.
 * Nothing under .example reaches anybody: RFC 2606, section 2. Read from the beginning, or any URL
 * could mention it.
 */
const domain =
  /^(?:[a-z][a-z\d.+-]*:\/\/)?([^@/:?#+\s]+)(?:\+[^@/]*)?[@.]simulator\.example(?::\d+)?(?:[/?#]|$)/i

/** `simulator-refused`, `simulator-refused-7`, `#simulator-refused`: topics, chat channels, labels. */
const label = /^[#@]?simulator-(.+)$/i

/** What the address stands for, by the text that its type's `key` gives; most stand for nothing. */
export function simulationOf(key: string): Simulation | undefined {
  const host = domain.exec(key)?.[1]?.toLowerCase()
  if (host !== undefined) return simulations.find(({ name }) => name === host) ?? misspelt
  const rest = label.exec(key)?.[1]?.toLowerCase()
  if (rest !== undefined) return simulations.find(({ name }) => `${rest}-`.startsWith(`${name}-`))
  return simulations.find(
    ({ phones }) => key.startsWith(phones) && key.length === phones.length + 1,
  )
}

/** Handed on, it would count as sent by the first server that takes any address. */
const misspelt: Simulation = {
  name: 'unknown',
  phones: '',
  happens: '',
  async act({ key }) {
    const names = simulations.map(({ name }) => name).join(', ')
    throw new Permanent(`${key} simulates nothing; there are: ${names}`, {
      code: 'simulated-unknown',
    })
  },
}

/**
 * The channel with a backend that does what simulator addresses say, and hands all others to the
 * channel's own. A group of addresses is decided by the first that simulates, as a whole.
 */
export function simulated<Address, Parts extends PartSpecs, Options, Key extends string>(
  channel: Channel<Address, Parts, Options, Key>,
): Channel<Address, Parts, Options, Key> {
  const { backend, definition } = channel
  return { ...channel, backend: simulating(backend, (address) => definition.address.key(address)) }
}

/** What `simulate: true` makes of the configured channels. */
export function simulateAll(channels: Readonly<Record<string, AnyChannel>>): typeof channels {
  const all = Object.entries(channels)
  return Object.fromEntries(all.map(([name, channel]) => [name, simulated(channel)]))
}

function simulating<Address, Message, Options>(
  backend: Backend<Address, Message, Options>,
  keyOf: (address: Address) => string,
): Backend<Address, Message, Options> {
  // Gathered in here: in one call of `sendMany`, real messages would wait for a silent one.
  const real = gather(backend)
  return {
    name: backend.name,
    async send(outgoing: Outgoing<Address, Message, Options>) {
      for (const key of outgoing.addresses.map(keyOf)) {
        const simulation = simulationOf(key)
        if (simulation) return simulation.act({ ...outgoing, key })
      }
      return real.send(outgoing)
    },
    ...(backend.verify && { verify: async () => backend.verify?.() }),
    ...(backend.checks && { checks: (options) => backend.checks?.(options) ?? [] }),
    ...(backend.close && { close: async () => backend.close?.() }),
  }
}
