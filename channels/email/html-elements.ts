import { attribute } from './html-tokens.ts'
import type { TextWriter } from './text-writer.ts'

const paragraphs = new Set(
  'p h1 h2 h3 h4 h5 h6 blockquote pre ul ol dl table figure fieldset'.split(' '),
)
const blocks = new Set(
  `div section article header footer main aside nav address form li dt dd tr caption figcaption center
   details summary thead tbody tfoot body html`.split(/\s+/),
)

/** What elements of HTML mean for its text; attributes come as they stand in the tag. */
export interface Elements {
  text(text: string): void
  open(name: string, attributes: string): void
  close(name: string): void
  end(): void
}

export function createElements(writer: TextWriter, decode: (raw: string) => string): Elements {
  const lists = createLists(writer)
  const links = createLinks(writer)
  let quotes = 0
  let verbatim = 0

  const separate = (name: string) => {
    // what stands in an item of a list follows without an empty line
    if (paragraphs.has(name)) writer.breakLine(lists.inside() ? 1 : 2)
    else if (blocks.has(name)) writer.breakLine(1)
  }
  const opened: Record<string, (attributes: string) => void> = {
    br: () => writer.newLine(),
    td: () => writer.gap(),
    th: () => writer.gap(),
    li: () => lists.openItem(),
    ul: () => lists.open(undefined),
    ol: (attributes) => lists.open(Number.parseInt(attribute(attributes, 'start') ?? '', 10) || 1),
    a: (attributes) => links.open(decode(attribute(attributes, 'href') ?? '').trim()),
    img: (attributes) => writer.flow(decode(attribute(attributes, 'alt') ?? '')),
    hr: () => {
      writer.breakLine(1)
      writer.flow('---')
      writer.breakLine(1)
    },
    blockquote: () => {
      quotes++
      writer.indent('> ')
    },
    pre: () => void verbatim++,
  }
  const closed: Record<string, () => void> = {
    a: () => links.close(),
    li: () => lists.closeItem(),
    ul: () => lists.close(),
    ol: () => lists.close(),
    blockquote: () => {
      if (quotes > 0) writer.outdent()
      quotes = Math.max(quotes - 1, 0)
    },
    pre: () => {
      verbatim = Math.max(verbatim - 1, 0)
    },
  }
  return {
    text: (text) => (verbatim > 0 ? writer.verbatim(text) : writer.flow(text)),
    open(name, attributes) {
      separate(name)
      if (Object.hasOwn(opened, name)) opened[name]!(attributes)
    },
    close(name) {
      if (Object.hasOwn(closed, name)) closed[name]!()
      separate(name)
    },
    end: links.close,
  }
}

function createLists(writer: TextWriter) {
  // `next`: the number of the next item, `undefined` in a list of points
  const open: { next: number | undefined; inItem: boolean }[] = []

  function closeItem(list = open.at(-1)) {
    if (list?.inItem !== true) return
    writer.outdent()
    list.inItem = false
  }
  return {
    inside: () => open.length > 0,
    open: (next: number | undefined) => void open.push({ next, inItem: false }),
    close: () => closeItem(open.pop()),
    openItem() {
      closeItem()
      const list = open.at(-1)
      const mark = list?.next === undefined ? '- ' : `${list.next++}. `
      if (list === undefined) return writer.flow(mark)
      writer.indent(' '.repeat(mark.length), mark)
      list.inItem = true
    },
    closeItem: () => closeItem(),
  }
}

function createLinks(writer: TextWriter) {
  let link: { href: string; mark: number } | undefined

  function close() {
    if (link === undefined) return
    const text = writer.since(link.mark).trim()
    const href = link.href.replace(/^mailto:|^tel:/i, '')
    link = undefined
    if (text === '') writer.flow(href)
    else if (!sameLink(text, href)) writer.flow(` (${href})`)
  }
  return {
    open(href: string) {
      close() // links do not nest
      if (/^(?:https?|mailto|tel):/i.test(href)) link = { href, mark: writer.written() }
    },
    close,
  }
}

function sameLink(text: string, href: string): boolean {
  const bare = (link: string) => link.replace(/^https?:\/\/|\/$/gi, '')
  return bare(text) === bare(href)
}
