import type { Command } from 'commander'
import type { TemplateProblem } from '../../template/contract.ts'
import { table } from '../output/table.ts'
import { terminalWidth } from '../output/terminal.ts'
import { counted } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'
import { given, readLocale, readText } from '../values.ts'
import { addExport, addPreview, addShow } from './templates-show.ts'

interface LocaleOption {
  readonly locale?: string
}

export function addTemplates(program: Command): void {
  const group = program
    .command('templates')
    .description('Check and show templates, and change their texts while everything runs.')
  const check = group
    .command('check')
    .description('Look for missing parts, syntax errors and variables that no event has.')
    .action(onEnvoyer(checkTemplates))
  withExamples(check, [
    'in a build, say: it ends with 1 where something is wrong',
    'envoyer templates check',
  ])

  addPreview(group)
  addShow(group)

  const list = group
    .command('list')
    .description('List the texts that are kept in the database and win over the files.')
    .action(onEnvoyer(listTemplates))
  withExamples(list, ['all of them', 'envoyer templates list'])

  const set = group
    .command('set')
    .description('Keep a text of one part in the database; it wins over the file.')
    .argument('<event>', 'name of the event')
    .argument('<channel>', 'name of the channel')
    .argument('<part>', 'name of the part: subject, text, html, …')
    .argument('<body>', 'the template: a text, @file, or - for standard input')
    .option('--locale <tag>', 'for this language; without it, for the base', readLocale)
    .action(onEnvoyer<LocaleOption>(setTemplate))
  withExamples(
    set,
    [
      'a subject',
      `envoyer templates set order-shipped email subject 'Order {{ orderId }} has left'`,
    ],
    [
      'from a file, in German',
      'envoyer templates set order-shipped email html @neu.html --locale de',
    ],
  )

  const reset = group
    .command('reset')
    .description('Go back to the files: of one part, or of all parts of an event on a channel.')
    .argument('<event>', 'name of the event')
    .argument('<channel>', 'name of the channel')
    .argument('[part]', 'name of the part; without it, all of them')
    .option('--locale <tag>', 'only for this language; without it, for all', readLocale)
    .action(onEnvoyer<LocaleOption>(resetTemplate))
  withExamples(reset, ['one part', 'envoyer templates reset order-shipped email subject'])
  addExport(group)
}

async function checkTemplates({ envoyer, out }: Session): Promise<void> {
  const problems = await envoyer.templates.check()
  if (problems.length > 0) out.failed()
  out.result(problems, () => (problems.length === 0 ? ['No problems.'] : problems.map(problemLine)))
}

const problemLine = ({ code, file, line, message }: TemplateProblem) =>
  `${file}${line === undefined ? '' : `:${line}`}  ${code}: ${message}`

async function listTemplates({ envoyer, out }: Session): Promise<void> {
  const kept = await envoyer.templates.list()
  out.result(kept, () =>
    kept.length === 0
      ? ['No texts are kept in the database: the files hold.']
      : table(
          ['event', 'channel', 'part', 'locale', 'characters'],
          kept.map(({ event, channel, part, locale, body }) => [
            ...[event, channel, part, locale || '(base)', String(body.length)],
          ]),
          terminalWidth(),
        ),
  )
}

async function setTemplate(
  { envoyer, out }: Session,
  { locale }: LocaleOption,
  event: string,
  channel: string,
  part: never,
  text: string,
): Promise<void> {
  const body = await readText('<body>', text)
  await envoyer.templates.set(event, channel, part, body, given({ locale }))
  // Those of the same message: what is wrong elsewhere was so before.
  const ofMessage = `${event}/${locale === undefined ? '' : `${locale}/`}${channel}.`
  const problems = (await envoyer.templates.check()).filter(({ file }) =>
    file.startsWith(ofMessage),
  )
  const kept = { event, channel, part, locale: locale ?? '', characters: body.length }
  out.result({ ...kept, problems }, () => [
    `Kept: ${[event, channel, part, locale].filter(Boolean).join(' / ')}. Every process has it within five seconds.`,
    ...problems.map(problemLine),
  ])
}

async function resetTemplate(
  { envoyer, out }: Session,
  { locale }: LocaleOption,
  event: string,
  channel: string,
  part?: never,
): Promise<void> {
  const removed = await envoyer.templates.reset(event, channel, part, given({ locale }))
  out.result({ event, channel, part: part ?? null, locale: locale ?? null, removed }, () => [
    removed === 0
      ? 'There was no such text: the files hold already.'
      : `Removed ${counted(removed, 'text')}: the files hold again.`,
  ])
}
