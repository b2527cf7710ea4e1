import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import type { AddressType } from '../../src/channel/address.ts'

const names = ['userId', 'email', 'phone', 'url', 'topic', 'id', 'name'] as const
const maxLength = 200

/**
 * The address of the console channel: a label that tells recipients apart. It is the recipient's
 * first of `userId`, `email`, `phone`, `url`, `topic`, `id`, `name`; where there is none of them,
 * the names of its keys and a fingerprint, so that no unknown value of an application's object
 * ends in the database.
 */
export const consoleAddress: AddressType<string, never> = {
  fromRecipient(recipient) {
    const name = names.find((key) => isLabel(recipient[key]))
    if (name !== undefined) return String(recipient[name])
    const text = inspect(recipient, {
      depth: 3,
      sorted: true,
      breakLength: Number.POSITIVE_INFINITY,
    })
    const fingerprint = createHash('sha256').update(text).digest('hex').slice(0, 12)
    return `{${Object.keys(recipient).sort().join(', ').slice(0, 100)}} #${fingerprint}`
  },
  parse(value) {
    const text = isLabel(value) ? String(value) : JSON.stringify(value)
    if (text === undefined) throw new Error('an address of the console cannot be empty')
    return text.slice(0, maxLength)
  },
  key: (address) => address,
}

function isLabel(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || typeof value === 'number'
}
