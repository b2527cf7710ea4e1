import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { basename, extname, isAbsolute, resolve, sep } from 'node:path'
import { codeOf, DeliveryError, Permanent } from '../../src/errors.ts'
import type { HttpClient } from '../../src/guard/client.ts'
import { unprintable } from './address.ts'
import type { Attachment } from './attachment.ts'
import type { SmtpOptions } from './smtp-options.ts'

/** An attachment as it goes into the mail. */
export interface LoadedAttachment {
  readonly filename?: string
  readonly contentType?: string
  readonly cid?: string
  readonly content: Buffer
}

/** What is not known to be anything else. */
const octets = 'application/octet-stream'

export interface AttachmentSource {
  readonly roots: readonly string[]
  readonly maxBytes: number
  /** The guarded way to the network, opened at first use. */
  client(): Promise<HttpClient>
  close(): Promise<void>
}

export function createAttachmentSource(options: SmtpOptions): AttachmentSource {
  let client: Promise<HttpClient> | undefined
  return {
    roots: options.attachmentRoots ?? [],
    maxBytes: options.maxAttachmentBytes ?? 20_000_000,
    client() {
      client ??= import('../../src/guard/client.ts').then(({ createHttpClient }) =>
        createHttpClient({ allow: options.attachmentAllow ?? [] }),
      )
      return client
    },
    async close() {
      const opened = client
      client = undefined
      await (await opened)?.close()
    },
  }
}

/**
 * Reads what attachments refer to, one after the other.
 *
 * @throws Permanent `attachment-invalid` where the reference is refused, gone or too large,
 * DeliveryError `attachment-unavailable` where it may work later.
 */
export async function loadAttachments(
  attachments: readonly Attachment[] = [],
  source: AttachmentSource,
  signal: AbortSignal,
): Promise<LoadedAttachment[]> {
  const loaded: LoadedAttachment[] = []
  let left = source.maxBytes
  for (const attachment of attachments) {
    const { filename, contentType, cid } = attachment
    const found = await load(attachment, { ...source, maxBytes: left }, signal)
    left -= found.content.length
    if (left < 0) throw refused(`the attachments are larger than ${source.maxBytes} bytes in all`)
    const whole: LoadedAttachment = {
      ...found,
      ...(filename === undefined ? {} : { filename }),
      ...(contentType === undefined ? {} : { contentType }),
      ...(cid === undefined ? {} : { cid }),
    }
    // By its type nodemailer names what has no name, and this one `.*`.
    const nameless = whole.filename === undefined && isOctets(whole.contentType)
    loaded.push(nameless ? { ...whole, filename: `attachment-${loaded.length + 1}.bin` } : whole)
  }
  return loaded
}

function isOctets(contentType = octets): boolean {
  return contentType.toLowerCase() === octets
}

function load(attachment: Attachment, source: AttachmentSource, signal: AbortSignal) {
  if ('base64' in attachment) return { content: Buffer.from(attachment.base64, 'base64') }
  if ('path' in attachment) return readFileWithin(attachment.path, source)
  return fetchUrl(attachment.url, source, signal)
}

/** The file itself must lie in a root once all links on its way are resolved. */
async function readFileWithin(path: string, source: AttachmentSource): Promise<LoadedAttachment> {
  const name = JSON.stringify(path)
  if (source.roots.length === 0) {
    throw refused(`the file ${name} cannot be attached: no \`attachmentRoots\` are configured`)
  }
  if (!isAbsolute(path)) throw refused(`${name} is not an absolute path`)
  const roots = await Promise.all(
    source.roots.map((root) => realpath(resolve(root)).catch(() => null)),
  )
  const real = await realpath(path).catch((error) => {
    throw missing(`the file ${name} cannot be read (${codeOf(error, 'unknown')})`, error)
  })
  if (
    !roots.some((root) => root !== null && real.startsWith(root.endsWith(sep) ? root : root + sep))
  ) {
    throw refused(`the file ${name} lies outside of \`attachmentRoots\``)
  }
  // neither follow a link put there meanwhile, nor wait for the writer of a pipe
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  const file = await open(real, flags).catch((error) => {
    throw missing(`the file ${name} cannot be read (${codeOf(error, 'unknown')})`, error)
  })
  try {
    const { size } = await file.stat().then((stat) => {
      if (!stat.isFile()) throw refused(`${name} is not a file`)
      return stat
    })
    if ((await realpath(path)) !== real)
      throw refused(`the file ${name} was replaced while it was read`)
    if (size > source.maxBytes) throw tooLarge(name)
    return { filename: basename(path), content: await file.readFile() }
  } finally {
    await file.close()
  }
}

async function fetchUrl(
  url: string,
  source: AttachmentSource,
  signal: AbortSignal,
): Promise<LoadedAttachment> {
  // neither the query nor the path of a signed URL belongs into a log
  const name = new URL(url).host
  const client = await source.client()
  const { status, headers, body, truncated } = await client.request({
    method: 'GET',
    url,
    signal,
    maxResponseBytes: source.maxBytes,
  })
  if (status !== 200) {
    const text = `the attachment from ${name} was answered with ${status}`
    if (status < 500 && ![408, 425, 429].includes(status)) throw refused(text)
    throw missing(text)
  }
  if (truncated) throw tooLarge(`what ${name} sent`)
  const filename = fileNameOf(url)
  const type = headers['content-type']?.split(';')[0]?.trim()
  const usable = type !== undefined && /^(?!multipart|message)[\w.+-]+\/[\w.+-]+$/i.test(type)
  return {
    ...(filename === undefined ? {} : { filename }),
    // the file name's ending tells readers more than a server that knows no type
    ...(usable && !isOctets(type) ? { contentType: type } : {}),
    content: body,
  }
}

function fileNameOf(url: string): string | undefined {
  const last = basename(new URL(url).pathname)
  let name = last
  try {
    name = decodeURIComponent(last)
  } catch {} // a lone % is fine in a URL
  return extname(name) === '' || unprintable.test(name) || /[\\/]/.test(name)
    ? undefined
    : name.slice(-255)
}

const refused = (why: string) => new Permanent(capital(why), { code: 'attachment-invalid' })
const tooLarge = (what: string) => refused(`${what} is larger than \`maxAttachmentBytes\` allows`)
const missing = (why: string, cause?: unknown) =>
  new DeliveryError(capital(why), { code: 'attachment-unavailable', cause })

function capital(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`
}
