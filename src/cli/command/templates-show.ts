import type { Command } from 'commander'
import { EnvoyerError } from '../../errors.ts'
import type { Preview } from '../../wiring/preview.ts'
import { openInBrowser } from '../output/browser.ts'
import { paint } from '../output/terminal.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'
import { given, readJson, readLocale, readRecipients } from '../values.ts'

interface PreviewOptions {
  readonly context?: string
  readonly to?: string
  readonly locale?: string
  readonly open?: true
}

export function addPreview(group: Command): void {
  const command = group
    .command('preview')
    .description('Render the parts of a message as it would be sent, and send nothing.')
    .argument('<event>', 'name of the event')
    .argument('<channel>', 'name of the channel')
    .option(
      '--context <json>',
      "JSON, @file, or -; without it, one made up from the event's schema",
    )
    .option('--to <recipient>', 'an address or JSON; without it, somebody made up')
    .option('--locale <tag>', 'in this language', readLocale)
    .option('--open', 'open the part `html` in the browser')
    .action(
      onEnvoyer<PreviewOptions>((session, options, event: string, channel: string) =>
        preview(session, options, event, channel),
      ),
    )
  withExamples(
    command,
    ['with a context made up', 'envoyer templates preview order-shipped email'],
    [
      'in German, in the browser',
      'envoyer templates preview order-shipped email --locale de --context @order.json --open',
    ],
  )
}

export function addShow(group: Command): void {
  const command = group
    .command('show')
    .description('Print the template of one part that holds now, of a file or of the database.')
    .argument('<event>', 'name of the event')
    .argument('<channel>', 'name of the channel')
    .argument('<part>', 'name of the part')
    .option('--locale <tag>', 'of this language; without it, of the base', readLocale)
    .action(onEnvoyer<{ locale?: string }>(show))
  withExamples(command, ['one', 'envoyer templates show order-shipped email subject'])
}

export function addExport(group: Command): void {
  const command = group
    .command('export')
    .description('Write the texts kept in the database as files, to take them into the code.')
    .argument('<folder>', 'laid out as the folder of the templates')
    .option('--overwrite', 'replace files that are different')
    .action(
      onEnvoyer<{ overwrite?: true }>((session, options, folder: string) =>
        exportTemplates(session, options, folder),
      ),
    )
  withExamples(command, [
    'into the templates themselves',
    'envoyer templates export templates --overwrite',
  ])
}

async function preview(
  { envoyer, out }: Session,
  { context, to, locale, open }: PreviewOptions,
  event: string,
  channel: string,
): Promise<void> {
  const [recipient] = to === undefined ? [] : await readRecipients(to)
  const made = await envoyer.templates.preview(event, channel, {
    ...given({ locale, recipient }),
    ...(context === undefined ? {} : { context: await readJson('--context', context) }),
  })
  const opened = open ? await openInBrowser(htmlOf(made)) : undefined
  out.result(opened === undefined ? made : { ...made, opened }, () => lines(made, opened))
}

function htmlOf({ parts }: Preview): string {
  if (parts.html !== undefined) return parts.html
  const names = Object.keys(parts).join(', ') || 'none'
  throw new EnvoyerError('usage', `--open: there is no part \`html\`; there are ${names}`)
}

function lines({ locale, parts, context, sample }: Preview, opened: string | undefined): string[] {
  const made = sample ? ['', paint('dim', `Made with ${JSON.stringify(context)}`)] : []
  const names = Object.keys(parts)
  return [
    ...(names.length === 0 ? ['The event has no templates for it: it goes without a text.'] : []),
    ...Object.entries(parts).flatMap(([name, text], index) => [
      ...(index > 0 ? [''] : []),
      paint('bold', `${name} (${locale})`),
      text.trimEnd(),
    ]),
    ...made,
    ...(opened === undefined ? [] : ['', `Opened ${opened}`]),
  ]
}

async function show(
  { envoyer, out }: Session,
  { locale }: { locale?: string },
  event: string,
  channel: string,
  part: never,
): Promise<void> {
  const found = await envoyer.templates.get(event, channel, part, given({ locale }))
  if (!found) throw new EnvoyerError('not-found', `a template of ${event} / ${channel} / ${part}`)
  out.result(found, () => [found.body.trimEnd()])
}

async function exportTemplates(
  { envoyer, out }: Session,
  { overwrite }: { overwrite?: true },
  folder: string,
): Promise<void> {
  const exported = await envoyer.templates.export(folder, overwrite ? { overwrite } : {})
  const { written, kept } = exported
  // A text that is in no file now is what the command was to prevent.
  if (kept.length > 0) out.failed()
  out.result(exported, () => [
    ...written.map((path) => `written  ${path}`),
    ...kept.map(
      (path) => `kept     ${path}: the file there is different (--overwrite replaces it)`,
    ),
    ...(written.length + kept.length === 0 ? ['No texts are kept in the database.'] : []),
  ])
}
