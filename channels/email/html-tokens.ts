/** What `readHtml` hands over, in the order of the document. */
export interface HtmlHandler {
  /** Text between tags, entities not yet decoded. */
  text(raw: string): void
  /** `name` in lower case; `attributes` as they stand in the tag. */
  open(name: string, attributes: string): void
  close(name: string): void
}

/** Their content is not text, and a `<` in it begins no tag. */
const raw = new Set([
  'script',
  'style',
  'title',
  'textarea',
  'xmp',
  'iframe',
  'noembed',
  'noframes',
])

/**
 * Walks HTML as mails have it, once and without going back: the time is linear in the length, and
 * nothing in it throws. What never closes (a comment, a quote, a style) lasts to the end.
 */
export function readHtml(html: string, handler: HtmlHandler): void {
  let at = 0
  while (at < html.length) {
    const start = html.indexOf('<', at)
    if (start < 0) break
    const next = html.charCodeAt(start + 1)
    if (!isLetter(next) && next !== 0x2f && next !== 0x21 && next !== 0x3f) {
      handler.text(html.slice(at, start + 1)) // a lone `<`, as in `a < b`
      at = start + 1
      continue
    }
    if (start > at) handler.text(html.slice(at, start))
    if (next === 0x21 && html.startsWith('<!--', start)) {
      at = after(html, '-->', start + 4)
      continue
    }
    const end = tagEnd(html, start + 1)
    at = end + 1
    if (next === 0x21 || next === 0x3f) continue
    const closing = next === 0x2f
    const from = start + (closing ? 2 : 1)
    const nameEnd = tagNameEnd(html, from, end)
    const name = html.slice(from, nameEnd).toLowerCase()
    if (closing) {
      handler.close(name)
      continue
    }
    handler.open(name, html.slice(nameEnd, end))
    if (raw.has(name)) {
      const close = indexOfClose(html, name, at)
      at = close < 0 ? html.length : close
    }
  }
  if (at < html.length) handler.text(html.slice(at))
}

/** The value of an attribute, entities not yet decoded, or `undefined`. `name` in lower case. */
export function attribute(attributes: string, name: string): string | undefined {
  for (const [, key, double, single, bare] of attributes.matchAll(
    /([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g,
  )) {
    if (key!.toLowerCase() === name) return double ?? single ?? bare ?? ''
  }
  return undefined
}

function isLetter(code: number): boolean {
  return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a
}

function tagNameEnd(html: string, from: number, end: number): number {
  let at = from
  // up to white space, `/` or the end
  while (at < end && html.charCodeAt(at) > 0x20 && html.charCodeAt(at) !== 0x2f) at++
  return at
}

/** Where the `>` of a tag is; one inside quotes does not count. */
function tagEnd(html: string, from: number): number {
  let quote = 0
  for (let at = from; at < html.length; at++) {
    const code = html.charCodeAt(at)
    if (quote !== 0) {
      if (code === quote) quote = 0
    } else if (code === 0x3e) return at
    else if ((code === 0x22 || code === 0x27) && afterEquals(html, at)) quote = code
  }
  return html.length
}

/** A quote opens a value only behind `=`; elsewhere it is a typing error, not a string. */
function afterEquals(html: string, at: number): boolean {
  let before = at - 1
  while (html.charCodeAt(before) === 0x20) before--
  return html.charCodeAt(before) === 0x3d
}

function after(html: string, what: string, from: number): number {
  const found = html.indexOf(what, from)
  return found < 0 ? html.length : found + what.length
}

function indexOfClose(html: string, name: string, from: number): number {
  const pattern = new RegExp(`</${name}(?=[\\s/>])`, 'gi')
  pattern.lastIndex = from
  return pattern.exec(html)?.index ?? -1
}
