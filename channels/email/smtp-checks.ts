import { createPublicKey } from 'node:crypto'
// Not the function alone: `dns.setServers` puts another one in its place.
import dns from 'node:dns/promises'
import type { BackendCheck, Observation } from '../../src/channel/backend.ts'
import { codeOf } from '../../src/errors.ts'
import type { EmailOptions } from './options.ts'
import type { Settings } from './smtp-options.ts'
import { signedFields } from './smtp-pool.ts'

const dnsTimeoutMs = 3000

/** What can be seen of a mail's standing with its receivers before one is sent. */
export function smtpChecks(
  settings: Settings,
  ofEvents: readonly EmailOptions[],
): readonly BackendCheck[] {
  return [
    { name: 'dkim', look: () => seeDkim(settings) },
    { name: 'unsubscribe', look: async () => seeUnsubscribe(settings, ofEvents) },
  ]
}

/** RFC 8058, section 4: without a signature over both fields, receivers show no button. */
function seeUnsubscribe({ options }: Settings, ofEvents: readonly EmailOptions[]): Observation {
  const own = ofEvents.flatMap(({ listUnsubscribe }) => (listUnsubscribe ? [listUnsubscribe] : []))
  if (options.listUnsubscribe === undefined && own.length === 0) {
    const message = 'No `listUnsubscribe` is configured; large providers ask for it in bulk mail.'
    return { level: 'skipped', message }
  }
  // What a function gives is known with the mail only.
  if (options.listUnsubscribe === undefined && !own.some(({ url }) => url?.startsWith('https:'))) {
    return {
      level: 'warning',
      message: 'Unsubscribing takes more than one click: no `listUnsubscribe` has an https `url`.',
      remedy: 'Give `listUnsubscribe` an https `url` that ends the mails on a POST (RFC 8058).',
    }
  }
  const signed = signedFields.toLowerCase().split(':')
  const unsigned = ['List-Unsubscribe', 'List-Unsubscribe-Post'].filter(
    (field) => options.dkim === undefined || !signed.includes(field.toLowerCase()),
  )
  if (unsigned.length === 0) {
    const message = 'The DKIM signature covers List-Unsubscribe and List-Unsubscribe-Post.'
    return { level: 'ok', message }
  }
  return {
    level: 'warning',
    message: `One-click unsubscribe is used, and we do not sign ${unsigned.join(' and ')}: it holds only if your provider does (RFC 8058).`,
    remedy:
      'Configure `dkim`, or see in a delivered mail that both are in `h=` of the DKIM-Signature that the provider adds.',
  }
}

async function seeDkim({ options: { dkim } }: Settings): Promise<Observation> {
  if (dkim === undefined) {
    const message = 'No `dkim` is configured: mails are signed only if the provider does it.'
    return { level: 'skipped', message }
  }
  const name = `${dkim.keySelector}._domainkey.${dkim.domainName}`
  const ours = createPublicKey(dkim.privateKey).export({ type: 'spki', format: 'der' })
  const publish = `Publish this TXT record at ${name}: v=DKIM1; k=rsa; p=${ours.toString('base64')}`
  let records: string[]
  try {
    records = (await answered(name)).map((chunks) => chunks.join(''))
  } catch (thrown) {
    if (!['ENOTFOUND', 'ENODATA'].includes(codeOf(thrown, ''))) {
      return {
        level: 'warning',
        message: `The public key could not be looked at: DNS did not answer for ${name} (${codeOf(thrown, 'error')}).`,
        remedy: 'Try again, or from a network whose DNS answers.',
      }
    }
    const message = `There is no public key at ${name}: receivers take every signature for broken.`
    return { level: 'error', message, remedy: publish }
  }
  const problem = keyProblem(records, ours)
  if (problem === undefined) {
    return { level: 'ok', message: `The public key at ${name} is the one of our private key.` }
  }
  return { level: 'error', message: `The record at ${name} ${problem}.`, remedy: publish }
}

async function answered(name: string): Promise<string[][]> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(reject, dnsTimeoutMs, Object.assign(new Error('late'), { code: 'ETIMEOUT' }))
  })
  try {
    return await Promise.race([dns.resolveTxt(name), late])
  } finally {
    clearTimeout(timer)
  }
}

/** RFC 6376, section 3.6.1. What is wrong with the records, or `undefined`. */
function keyProblem(records: readonly string[], ours: Buffer): string | undefined {
  const found = records.map(tagsOf).find(({ p }) => p !== undefined)
  if (found?.p === undefined) return 'has no key in it (`p=`)'
  if (found.p === '') return 'says that the key was revoked (`p=` is empty)'
  if ((found.v ?? 'DKIM1') !== 'DKIM1') return 'is of another version than `v=DKIM1`'
  if ((found.k ?? 'rsa') !== 'rsa') return 'is for another kind of key than `k=rsa`'
  const theirs = publicKey(Buffer.from(found.p, 'base64'))
  if (theirs === undefined) return 'has a key that cannot be read'
  return theirs.equals(ours) ? undefined : 'has the key of another private key than ours'
}

function tagsOf(record: string): Readonly<Record<string, string>> {
  const pairs = record.split(';').map((tag) => {
    const at = tag.indexOf('=')
    return [tag.slice(0, Math.max(at, 0)).trim(), tag.slice(at + 1).replace(/\s+/g, '')] as const
  })
  return Object.fromEntries(pairs)
}

/** Records are in SPKI, and some in PKCS #1, which RFC 6376 names. */
function publicKey(der: Buffer): Buffer | undefined {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      const key = createPublicKey({ key: der, format: 'der', type })
      return key.export({ type: 'spki', format: 'der' })
    } catch {
      // Perhaps the other one.
    }
  }
  return undefined
}
