import { createHash, createPublicKey, createVerify } from 'node:crypto'

/** One header field of a mail as it stands there, folded. */
interface Field {
  readonly name: string
  readonly raw: string
}

export interface DkimResult {
  /** The tags of the signature: `d`, `s`, `h`, `bh`, … */
  readonly tags: Readonly<Record<string, string>>
  /** The names of `h=`, in lower case. */
  readonly signed: readonly string[]
  readonly bodyHashMatches: boolean
  readonly signatureMatches: boolean
}

/**
 * Verifies the first DKIM-Signature of a mail (RFC 6376, rsa-sha256, relaxed/relaxed), with the
 * key at hand instead of in the DNS. Written from the RFC, and by other hands than the signer.
 */
export function verifyDkim(mail: string, publicKey: string): DkimResult {
  const split = mail.indexOf('\r\n\r\n')
  const fields = readFields(mail.slice(0, split + 2))
  const signature = fields.find(({ name }) => name === 'dkim-signature')
  if (signature === undefined) throw new Error('the mail is not signed')
  const tags = readTags(signature.raw)
  if (tags.a !== 'rsa-sha256' || tags.c !== 'relaxed/relaxed')
    throw new Error(`${tags.a} ${tags.c}`)
  const signed = tags.h!.split(':').map((name) => name.trim().toLowerCase())
  const bodyHash = createHash('sha256').update(relaxedBody(mail.slice(split + 4)), 'latin1')
  const verifier = createVerify('RSA-SHA256').update(
    signedText(fields, signed, signature),
    'latin1',
  )
  return {
    tags,
    signed,
    bodyHashMatches: bodyHash.digest('base64') === tags.bh,
    signatureMatches: verifier.verify(createPublicKey(publicKey), tags.b!, 'base64'),
  }
}

/** Section 3.7: the fields of `h=`, each the last one not yet taken, and the signature without `b=`. */
function signedText(fields: readonly Field[], signed: readonly string[], signature: Field): string {
  const left = [...fields]
  let text = ''
  for (const name of signed) {
    const index = left.findLastIndex((field) => field.name === name)
    if (index < 0) continue // counts as empty
    text += `${relaxedField(left.splice(index, 1)[0]!)}\r\n`
  }
  const unsigned = signature.raw.replace(/([;\s]b=)[^;]*/, '$1')
  return text + relaxedField({ name: signature.name, raw: unsigned })
}

function readFields(head: string): Field[] {
  const lines = head.split('\r\n').slice(0, -1)
  const fields: string[] = []
  for (const line of lines) {
    if (/^[ \t]/.test(line)) fields.push(`${fields.pop()}\r\n${line}`)
    else fields.push(line)
  }
  return fields.map((raw) => ({ name: raw.slice(0, raw.indexOf(':')).trim().toLowerCase(), raw }))
}

function readTags(raw: string): Record<string, string> {
  const value = raw.slice(raw.indexOf(':') + 1).replace(/[\r\n\t ]+/g, '')
  const pairs = value.split(';').filter((pair) => pair !== '')
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
}

/** Section 3.4.2. */
function relaxedField({ name, raw }: Field): string {
  const value = raw.slice(raw.indexOf(':') + 1).replaceAll('\r\n', '')
  return `${name}:${value.replace(/[ \t]+/g, ' ').trim()}`
}

/** Section 3.4.4. */
function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
  while (lines.at(-1) === '') lines.pop()
  return lines.map((line) => `${line}\r\n`).join('')
}
