import { randomBytes } from 'node:crypto'

const pool = { bytes: randomBytes(0), at: 0 }

function random(size: number): Buffer {
  if (pool.at + size > pool.bytes.length) {
    pool.bytes = randomBytes(8192)
    pool.at = 0
  }
  pool.at += size
  return pool.bytes.subarray(pool.at - size, pool.at)
}

let lastMs = 0
let counter = 0

/**
 * A UUID of version 7 (RFC 9562, 5.7): ordered by time, and within one process strictly ascending
 * (method 1 of 6.2: `rand_a` is a counter, which may run ahead of the clock).
 */
export function createId(): string {
  const now = Date.now()
  if (now > lastMs) {
    lastMs = now
    counter = random(2).readUInt16BE() & 0x7ff
  } else {
    counter += 1
    if (counter > 0xfff) {
      lastMs += 1
      counter = 0
    }
  }
  const time = lastMs.toString(16).padStart(12, '0')
  const tail = random(8)
  const variant = ((tail[0]! & 0x3f) | 0x80).toString(16)
  const rest = tail.toString('hex', 1)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${variant}${rest.slice(0, 2)}-${rest.slice(2)}`
}

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isId(value: string): boolean {
  return pattern.test(value)
}

/**
 * In the order of ids, as all statements on many rows take them: two that meet then hardly ever wait
 * for each other in a ring.
 */
export function inOrder<T extends { readonly id: string }>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}
