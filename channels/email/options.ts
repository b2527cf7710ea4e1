import { formatMailbox, parseMailbox } from './address.ts'
import { type Attachment, parseAttachments } from './attachment.ts'
import { headerProblem, type ListUnsubscribe, parseListUnsubscribe } from './header.ts'

/** `channelOptions.email` of an event or of one call. */
export interface EmailOptions {
  /** Instead of the backend's `from`. */
  readonly from?: string
  /** Instead of the backend's `replyTo`. */
  readonly replyTo?: string | readonly string[]
  /** Get the mail too, and are named in it: one address or a list. */
  readonly cc?: string | readonly string[]
  /** Get the mail without being named in it. */
  readonly bcc?: string | readonly string[]
  /** More headers. The structural ones (From, Subject, Content-Type, …) cannot be set here. */
  readonly headers?: Readonly<Record<string, string>>
  /** References: `{ path }`, `{ url }` or `{ base64 }`, each with `filename?`, `contentType?`, `cid?`. */
  readonly attachments?: readonly Attachment[]
  /** Instead of what the backend's `listUnsubscribe` returns. */
  readonly listUnsubscribe?: ListUnsubscribe
}

const maxCopies = 100

const readers: { readonly [K in keyof Required<EmailOptions>]: (value: unknown) => unknown } = {
  from: (value) => formatMailbox(parseMailbox(value)),
  replyTo: mailboxes,
  cc: mailboxes,
  bcc: mailboxes,
  headers: parseHeaders,
  attachments: parseAttachments,
  listUnsubscribe: parseListUnsubscribe,
}

/** Checks and normalises; reports every problem in one Error. What it returns is JSON. */
export function parseEmailOptions(options: unknown): EmailOptions {
  if (options === undefined) return {}
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new Error('the options of an e-mail must be an object')
  }
  const problems: string[] = []
  const parsed: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (!Object.hasOwn(readers, key)) {
      problems.push(
        `\`${key}\` is not an option of an e-mail; there are ${Object.keys(readers).join(', ')}`,
      )
      continue
    }
    try {
      parsed[key] = readers[key as keyof EmailOptions](value)
    } catch (error) {
      problems.push(`\`${key}\`: ${(error as Error).message}`)
    }
  }
  if (problems.length > 0) throw new Error(problems.join('; '))
  return parsed
}

/** The call's options over the event's: headers by name, attachments added, the others replaced. */
export function mergeEmailOptions(base: EmailOptions, over: EmailOptions): EmailOptions {
  const merged = { ...base, ...over }
  if (base.attachments !== undefined && over.attachments !== undefined) {
    return {
      ...merged,
      ...headersOf(base, over),
      attachments: [...base.attachments, ...over.attachments],
    }
  }
  return { ...merged, ...headersOf(base, over) }
}

/** Checks custom headers; also used for those of the backend. */
export function parseHeaders(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('must be an object of header names and values')
  }
  const problems: string[] = []
  const seen = new Set<string>()
  const headers: Record<string, string> = {}
  for (const [name, text] of Object.entries(value)) {
    const problem = headerProblem(name, text)
    if (problem !== undefined) problems.push(problem)
    else if (seen.has(name.toLowerCase())) problems.push(`header ${name} is there twice`)
    else headers[name] = (text as string).trim()
    seen.add(name.toLowerCase())
  }
  if (problems.length > 0) throw new Error(problems.join(', '))
  return headers
}

/** One mailbox or a list of them. */
export function mailboxes(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length > maxCopies) throw new Error(`has more than ${maxCopies} addresses`)
  return list.map((one) => formatMailbox(parseMailbox(one)))
}

function headersOf(base: EmailOptions, over: EmailOptions): Pick<EmailOptions, 'headers'> {
  if (base.headers === undefined || over.headers === undefined) return {}
  const replaced = new Set(Object.keys(over.headers).map((name) => name.toLowerCase()))
  const kept = Object.entries(base.headers).filter(([name]) => !replaced.has(name.toLowerCase()))
  return { headers: { ...Object.fromEntries(kept), ...over.headers } }
}
