import { unprintable } from './address.ts'

interface AttachmentBase {
  /** Default: the last piece of `path` or `url`, else `attachment-1.pdf`, by its place and its type. */
  readonly filename?: string
  /** Default: by the file name's ending. */
  readonly contentType?: string
  /** For `<img src="cid:…">` in the HTML; the attachment then belongs to the HTML part. */
  readonly cid?: string
}

/**
 * An attachment by reference, so that what is stored with the notification stays small:
 *
 * - `path`: a file, read when the mail is sent, within the backend's `attachmentRoots`;
 * - `url`: fetched when the mail is sent, from public addresses only;
 * - `base64`: the content itself, for small things: 1 MB in all.
 */
export type Attachment = AttachmentBase &
  ({ readonly path: string } | { readonly url: string } | { readonly base64: string })

/** What may be stored in the database as base64, of all attachments of a mail together. */
export const maxInlineBytes = 1_000_000

const maxAttachments = 50
const places = ['path', 'url', 'base64'] as const
const token = "[\\w!#$&^.+'-]+"
const mediaType = new RegExp(`^${token}/${token}(?:; ?${token}=(?:${token}|"[^"\\\\]*"))*$`)

/** Checks and normalises a list of attachments; the text thrown names every problem. */
export function parseAttachments(value: unknown): Attachment[] {
  if (!Array.isArray(value)) throw new Error('must be a list')
  if (value.length > maxAttachments) throw new Error(`has more than ${maxAttachments} entries`)
  const problems: string[] = []
  let inlineBytes = 0
  const attachments = value.map((entry: unknown, index) => {
    try {
      const attachment = parseAttachment(entry)
      if ('base64' in attachment) inlineBytes += decodedLength(attachment.base64)
      return attachment
    } catch (error) {
      problems.push(`number ${index + 1} ${(error as Error).message}`)
      return { base64: '' }
    }
  })
  if (inlineBytes > maxInlineBytes) {
    problems.push(
      `base64 content of ${inlineBytes} bytes is over ${maxInlineBytes}; refer to it by \`path\` or \`url\``,
    )
  }
  if (problems.length > 0) throw new Error(problems.join(', '))
  return attachments
}

export function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return (base64.length / 4) * 3 - padding
}

function parseAttachment(entry: unknown): Attachment {
  if (typeof entry !== 'object' || entry === null) throw new Error('is not an object')
  const given = entry as Record<string, unknown>
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue
    if (!Object.hasOwn(checks, key)) throw new Error(`has an unknown key \`${key}\``)
    if (typeof value !== 'string') throw new Error(`\`${key}\` must be a string`)
    const problem = checks[key as keyof typeof checks](value)
    if (problem !== undefined) throw new Error(`\`${key}\` ${problem}`)
  }
  const found = places.filter((place) => given[place] !== undefined)
  if (found.length !== 1) throw new Error('needs exactly one of `path`, `url` and `base64`')
  const kept = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  if (typeof kept.base64 === 'string') kept.base64 = kept.base64.replace(/\s/g, '')
  return kept as unknown as Attachment
}

const checks = {
  filename: (text: string) =>
    text === '' || text.length > 255 || /[\\/]/.test(text) || unprintable.test(text)
      ? 'must be a plain file name of up to 255 characters'
      : undefined,
  // a multipart or message type would make readers parse the content as a part of this mail
  contentType: (text: string) =>
    !mediaType.test(text) || /^(?:multipart|message)\//i.test(text)
      ? 'must be a media type such as application/pdf, and not multipart/… or message/…'
      : undefined,
  cid: (text: string) =>
    /^[\w.@+-]{1,200}$/.test(text) ? undefined : 'may hold letters, digits and . _ @ + - only',
  path: (text: string) => (text === '' || text.includes('\0') ? 'is not a path' : undefined),
  url: (text: string) =>
    URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !unprintable.test(text)
      ? undefined
      : 'must be an http(s) URL',
  base64: (text: string) => {
    const packed = text.replace(/\s/g, '')
    return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed)
      ? undefined
      : 'is not base64'
  },
}
