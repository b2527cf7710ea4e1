import { decodeEntities } from './entities.ts'
import { createElements } from './html-elements.ts'
import { createSkip, type Skip } from './html-skip.ts'
import { attribute, readHtml } from './html-tokens.ts'
import { createTextWriter } from './text-writer.ts'

/**
 * Not shown by a mail program, so not in its text either. All that a `head` may hold is among them: it
 * is not itself, since neither of its tags need be there.
 */
const unseen = new Set(
  'script style title template noscript object svg select iframe textarea'.split(' '),
)
const empty = new Set('area base br col embed hr img input link meta source track wbr'.split(' '))

/**
 * The text of an HTML mail, for readers that show no HTML: links keep their address, lists their
 * marks, rows of a table a line each. What is hidden in the HTML (`hidden`, `display: none`) is
 * left out. Meant for templates: it forgives broken HTML, and its time is linear in the length.
 */
export function htmlToText(html: string): string {
  const writer = createTextWriter()
  const decode = (raw: string) => clean(decodeEntities(raw))
  const elements = createElements(writer, decode)
  let skip: Skip | undefined
  readHtml(html, {
    text(raw) {
      if (skip === undefined) elements.text(decode(raw))
    },
    open(name, attributes) {
      // Only a foreign element can close itself, and it has no content then. Behind a value without
      // quotes the slash would be of the value.
      if (name === 'svg' && /(?:^|[\s"'])\/$/.test(attributes)) return
      if (skip?.endsBefore(name)) skip = undefined
      if (skip !== undefined) return
      if (!unseen.has(name) && !isHidden(attributes)) elements.open(name, attributes)
      else if (!empty.has(name)) skip = createSkip(name)
    },
    close(name) {
      const end = skip?.endsAt(name)
      if (end !== undefined) skip = undefined
      if (skip === undefined && end !== 'own') elements.close(name)
    },
  })
  elements.end()
  return writer.finish().replaceAll('\u00a0', ' ')
}

function isHidden(attributes: string): boolean {
  if (!/hidden|none/i.test(attributes)) return false
  if (attribute(attributes, 'hidden') !== undefined) return true
  return /(?:^|[\s;])display\s*:\s*none/i.test(attribute(attributes, 'style') ?? '')
}

/** Control characters, and the invisible ones that fill up a preview line, are no text. */
function clean(text: string): string {
  return text.replace(/[^\P{Cc}\t\n\f\r]|[\u00ad\u200b\ufeff]|\u034f/gu, '')
}
