import type { Backend, Outgoing } from '../../src/channel/backend.ts'
import { DeliveryError } from '../../src/errors.ts'
import { visible, visibleLine } from './visible.ts'

export interface ConsoleMessage {
  readonly text?: string
}

export interface StdoutOptions {
  /** Gets each block of text instead of the process's standard output. */
  readonly write?: (text: string) => void | Promise<void>
  /** Colours and bold type. Default: on a terminal, unless NO_COLOR is set (https://no-color.org). */
  readonly color?: boolean
}

type Printed = Outgoing<string, ConsoleMessage, unknown>

/**
 * Prints each message as one block: a line with channel, event and recipient, and the rendered
 * text, or the context where there is no template. Control characters are made visible, so that
 * no context can write to the terminal.
 */
export function stdout(options: StdoutOptions = {}): Backend<string, ConsoleMessage, unknown> {
  const write = options.write ?? writeOut
  const color = options.color ?? (options.write === undefined && isColorful())
  return {
    name: 'stdout',
    async send(outgoing) {
      await untilAborted(outgoing.signal, () => write(format(outgoing, color ? paint : plain)))
      return {}
    },
  }
}

type Paint = (style: keyof typeof styles, text: string) => string

const styles = { dim: 2, bold: 1, cyan: 36 }
const plain: Paint = (_style, text) => text
const paint: Paint = (style, text) => `\x1b[${styles[style]}m${text}\x1b[0m`

function format(outgoing: Printed, style: Paint): string {
  const { channel, event, addresses, message, locale, attempt, id } = outgoing
  const details = [locale, ...(attempt > 1 ? [`try ${attempt}`] : []), id]
    .map(visibleLine)
    .join(' ')
  const head = [
    style('cyan', `[${visibleLine(channel)}]`),
    style('bold', visibleLine(event)),
    `→ ${addresses.map(visibleLine).join(', ')}`,
    style('dim', `(${details})`),
  ].join(' ')
  return `${head}\n${indent(visible(message.text ?? describe(outgoing)))}\n`
}

/** The context as it was given to `send`: what is stored, and JSON. */
function describe({ input }: Printed): string {
  return JSON.stringify(input, null, 2)
}

/** Indented, so that no line of a message can pass for the head of another. */
function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '  ')
}

function isColorful(): boolean {
  return process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === ''
}

/** A pipe whose reader stands still takes nothing more, and says nothing. */
function untilAborted(signal: AbortSignal, begin: () => void | Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new DeliveryError('The try was stopped.', { code: 'aborted' }))
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    const done = () => signal.removeEventListener('abort', stop)
    return Promise.resolve().then(begin).finally(done).then(resolve, reject)
  })
}

function writeOut(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()))
  })
}
