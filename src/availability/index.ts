/**
 * Availability windows by themselves: when may a message go, as the recipient's wall clock reads.
 * Knows neither database nor channel.
 */
export { closing, isOpen, nextOpenings, opening, type Question } from './ask.ts'
export {
  type Availability,
  createAvailability,
  type Opening,
  type OpenTime,
} from './availability.ts'
export { checkWindows } from './check.ts'
export type { ClosedDate, Day, DayRange, Days, Window, WindowSet } from './window.ts'
export { isZone } from './zone.ts'
