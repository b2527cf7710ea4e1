import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ChannelParts, Scope, Templates } from '../../src/template/contract.ts'
import { createTemplates, type TemplatesOptions } from '../../src/template/index.ts'

export const channels: ChannelParts = {
  email: {
    subject: 'required',
    html: { need: 'alternative', format: 'html' },
    text: 'alternative',
  },
  sms: { text: 'required' },
  console: { text: 'optional' },
}

/** A folder of templates that goes when the test is over. */
export class Folder implements Disposable {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'envoyer-templates-'))

  constructor(files: Readonly<Record<string, string>>) {
    for (const [file, body] of Object.entries(files)) this.write(file, body)
  }

  write(file: string, body: string): void {
    const full = path.join(this.directory, file)
    mkdirSync(path.dirname(full), { recursive: true })
    writeFileSync(full, body)
  }

  remove(file: string): void {
    rmSync(path.join(this.directory, file))
  }

  templates(options: Partial<TemplatesOptions> = {}): Templates {
    return createTemplates({
      directory: this.directory,
      locale: 'en',
      channels,
      schemas: { order: undefined },
      ...options,
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

export function scope(
  context: Record<string, unknown>,
  envoyer: Partial<Scope['envoyer']> = {},
): Scope {
  return {
    context,
    recipient: { name: 'Ada' },
    recipients: [{ name: 'Ada' }],
    envoyer: {
      event: 'order',
      channel: 'email',
      locale: 'en',
      tz: 'UTC',
      now: new Date('2026-11-20T12:00:00Z'),
      delivery: 'd-1',
      ...envoyer,
    },
  }
}

/** Renders one body as a part of an e-mail: `html`, or `text` as a subject. */
export function renderer(options: Partial<TemplatesOptions> = {}) {
  const templates = createTemplates({
    directory: undefined,
    locale: 'en',
    channels: { page: { html: { need: 'optional', format: 'html' }, text: 'optional' } },
    schemas: { order: undefined },
    ...options,
  })
  const render = (part: string, body: string, data: Scope): string => {
    templates.override([{ event: 'order', channel: 'page', part, locale: '', body }])
    return templates.render('order', 'page', 'en', data)[part]!
  }
  return {
    html: (body: string, context = {}, envoyer = {}) =>
      render('html', body, scope(context, envoyer)),
    text: (body: string, context = {}, envoyer = {}) =>
      render('text', body, scope(context, envoyer)),
  }
}
