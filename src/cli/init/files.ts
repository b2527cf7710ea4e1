/**
 * The files of a first project, by path. JavaScript with the ending `.mjs`: Node.js 20 runs it by
 * itself, whatever the `type` of the package is, and editors find the same types in it.
 */
export const projectFiles: Readonly<Record<string, string>> = {
  'envoyer.config.mjs': lines(
    '// @ts-check',
    "import { createEnvoyer, defineEvent } from 'envoyer'",
    "import { consoleChannel } from 'envoyer/channels/console'",
    "import { z } from 'zod'",
    '',
    '// What can happen, and over what people are told. The application and `envoyer`, the command, share it.',
    'export default createEnvoyer({',
    '  events: {',
    '    welcome: defineEvent({',
    "      label: 'Somebody has signed up',",
    '      context: z.object({ name: z.string() }),',
    '    }),',
    '  },',
    '  // Prints messages. For mails: https://nodemailer.com is the package to install beside, and',
    "  // email({ backend: smtp({ url, from }) }) of 'envoyer/channels/email' the channel; its templates are",
    '  // templates/welcome/email.subject.liquid and email.html.liquid.',
    '  channels: { console: consoleChannel() },',
    "  templates: new URL('templates', import.meta.url),",
    '})',
  ),
  'templates/welcome/console.text.liquid': lines('Welcome, {{ name }}!'),
  'send.mjs': lines(
    '// @ts-check',
    "import envoyer from './envoyer.config.mjs'",
    '',
    '// Delivers, in this process. In production `npx envoyer worker` does, in one of its own.',
    'await envoyer.worker()',
    '',
    "const jane = { email: 'jane@example.com' }",
    'try {',
    "  const sent = await envoyer.send('welcome', jane, { name: 'Jane' })",
    '  console.log(await envoyer.waitFor(sent))',
    '} catch (error) {',
    '  // Not sent in time, say, since a mail server is away: it waits, and is tried again.',
    '  console.error(error instanceof Error ? error.message : error)',
    '  process.exitCode = 1',
    '}',
    'await envoyer.close()',
  ),
  '.gitignore': lines('node_modules/', '.envoyer/'),
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
