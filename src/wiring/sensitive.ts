import { createHash } from 'node:crypto'
import { Permanent } from '../errors.ts'
import type { EventDefinition } from '../event/define.ts'
import { canonicalJson, type JsonObject } from '../event/json.ts'
import { partContext } from '../event/sensitive.ts'
import { erased, type Fingerprint } from '../outbox/write.ts'
import type { Sealer } from '../secret/sealer.ts'

const purpose = 'notification.context'

/** A context as it is stored. */
export interface Concealed {
  readonly context: JsonObject
  readonly secret: string | undefined
}

/** Encrypts what is sensitive in a context. */
export function conceal(sealer: Sealer, event: EventDefinition, context: JsonObject): Concealed {
  const { plain, secret } = partContext(event, context)
  return {
    context: plain,
    secret: secret === undefined ? undefined : sealer.seal(secret, purpose),
  }
}

/** The whole context again. Throws `secret-key-invalid`, and `Permanent` where it was erased. */
export function reveal(
  sealer: Sealer,
  { context, secret }: { readonly context: JsonObject; readonly secret?: string | null },
): JsonObject {
  if (secret === undefined || secret === null) return context
  if (secret === erased) {
    throw new Permanent('Its sensitive context has been erased.', { code: 'context-erased' })
  }
  return { ...context, ...(sealer.open(secret, purpose) as JsonObject) }
}

/**
 * A short secret could be guessed from a plain hash of it, so what is sensitive is hashed with the
 * secret key. A stored one is compared in the form in which it was made: the event may have become
 * sensitive since, and the key may have been replaced.
 */
export function fingerprint(
  sealer: Sealer,
  { sensitive }: EventDefinition,
  context: JsonObject,
): Fingerprint {
  const json = canonicalJson(context)
  const plain = () => createHash('sha256').update(json).digest('hex')
  return {
    text: sensitive === undefined ? plain() : sealer.fingerprint(json),
    matches: (stored) =>
      stored === (stored.includes(':') ? sealer.fingerprint(json, stored) : plain()),
  }
}
